/** A small set, by code points: `points|words in Portuguese|words in English`. What people send to customers, not all there is. */
export const EMOJI_GROUPS = {
  faces: `
1f600|rosto risonho feliz sorriso|grinning face happy smile
1f603|rosto risonho com olhos bem abertos feliz sorriso|grinning face with big eyes happy smile
1f604|rosto risonho com olhos sorridentes feliz sorriso|grinning face with smiling eyes happy smile
1f601|rosto contente com olhos sorridentes|beaming face with smiling eyes
1f606|rosto risonho com olhos semicerrados|grinning squinting face
1f605|rosto risonho com gota de suor|grinning face with sweat
1f923|rolando no chão de rir risada kkk rindo|rolling on the floor laughing lol laugh
1f602|rosto chorando de rir risada kkk rindo|face with tears of joy lol laugh
1f642|rosto levemente sorridente sorriso|slightly smiling face smile;1f643|rosto de cabeça para baixo|upside-down face
1f609|rosto com olho piscando piscada|winking face wink
1f60a|rosto sorridente com olhos sorridentes feliz sorriso|smiling face with smiling eyes happy smile
1f607|rosto sorridente com auréola|smiling face with halo
1f970|rosto sorridente com 3 corações amor carinho|smiling face with hearts love
1f60d|rosto sorridente com olhos de coração apaixonado amor|smiling face with heart-eyes love
1f929|rosto com olhar maravilhado|star-struck;1f618|rosto mandando um beijo beijo|face blowing a kiss kiss
1f617|rosto beijando|kissing face;1f61a|rosto beijando com olhos fechados|kissing face with closed eyes
1f60b|rosto saboreando comida|face savoring food;1f61b|rosto mostrando a língua|face with tongue
1f61c|rosto piscando e com língua para fora|winking face with tongue;1f92a|rosto bizarro|zany face
1f61d|rosto com olhos semicerrados e língua para fora|squinting face with tongue
1f911|rosto com cifrões|money-mouth face;1f917|rosto abraçando|smiling face with open hands
1f92d|rosto com a mão sobre a boca|face with hand over mouth;1f92b|rosto fazendo sinal de silêncio|shushing face
1f914|rosto pensativo pensando dúvida|thinking face thinking;1f910|rosto com boca de zíper|zipper-mouth face
1f928|rosto com sobrancelha levantada|face with raised eyebrow;1f610|rosto neutro|neutral face
1f611|rosto inexpressivo|expressionless face;1f636|rosto sem boca|face without mouth
1f60f|rosto com sorriso maroto|smirking face;1f612|rosto aborrecido|unamused face
1f644|rosto com olhos revirados|face with rolling eyes;1f62c|rosto expressando desagrado|grimacing face
1f60c|rosto aliviado|relieved face;1f614|rosto deprimido|pensive face;1f62a|rosto sonolento|sleepy face
1f634|rosto dormindo sono dormir|sleeping face sleep
1f637|rosto com máscara médica doente máscara|face with medical mask sick mask
1f912|rosto com termômetro doente febre|face with thermometer sick fever
1f915|rosto com atadura na cabeça|face with head-bandage;1f922|rosto nauseado|nauseated face
1f92e|rosto vomitando|face vomiting;1f927|rosto espirrando|sneezing face;1f975|rosto fervendo de calor|hot face
1f976|rosto gelado|cold face;1f974|rosto embriagado|woozy face;1f635|rosto atordoado|face with crossed-out eyes
1f92f|cabeça explodindo|exploding head;1f973|rosto festivo|partying face
1f60e|rosto sorridente com óculos escuros|smiling face with sunglasses;1f913|rosto de nerd|nerd face
1f9d0|rosto com monóculo|face with monocle;1f615|rosto confuso|confused face;1f61f|rosto preocupado|worried face
1f641|rosto meio triste|slightly frowning face
1f62e|rosto com boca aberta surpresa uau|face with open mouth wow surprise;1f62f|rosto surpreso|hushed face
1f632|rosto espantado|astonished face;1f633|rosto ruborizado|flushed face;1f97a|rosto implorando|pleading face
1f626|rosto franzido com boca aberta|frowning face with open mouth;1f628|rosto amedrontado|fearful face
1f630|rosto ansioso com gota de suor|anxious face with sweat;1f625|rosto triste mas aliviado|sad but relieved face
1f622|rosto chorando triste chorar|crying face sad cry
1f62d|rosto chorando aos berros triste chorar|loudly crying face sad cry
1f631|rosto gritando de medo|face screaming in fear;1f616|rosto perplexo|confounded face
1f61e|rosto desapontado|disappointed face;1f613|rosto cabisbaixo com gota de suor|downcast face with sweat
1f629|rosto desolado|weary face;1f62b|rosto cansado|tired face;1f971|rosto bocejando|yawning face
1f624|rosto soltando vapor pelo nariz|face with steam from nose;1f621|rosto furioso raiva bravo|enraged face angry
1f620|rosto zangado raiva bravo|angry face angry;1f92c|rosto com símbolos na boca|face with symbols on mouth
1f608|rosto sorridente com chifres|smiling face with horns;1f480|caveira|skull;1f4a9|cocô|pile of poo
1f921|rosto de palhaço|clown face;1f47b|fantasma|ghost;1f47d|alienígena|alien;1f916|rosto de robô|robot
`,
  people: `
1f44d|polegar para cima joinha positivo ok legal|thumbs up like yes ok
1f44e|polegar para baixo negativo não|thumbs down dislike no;1f44c|sinal de ok perfeito ok|ok hand perfect
1f90c|dedos comprimidos|pinched fingers;1f90f|mão beliscando|pinching hand;270c-fe0f|mão em v de vitória|victory hand
1f91e|dedos cruzados|crossed fingers;1f91f|gesto de te amo|love-you gesture;1f918|saudação do rock|sign of the horns
1f919|sinal me liga|call me hand
1f448|dorso da mão com indicador apontando para a esquerda|backhand index pointing left
1f449|dorso da mão com indicador apontando para a direita|backhand index pointing right
1f446|dorso da mão com indicador apontando para cima|backhand index pointing up
1f447|dorso da mão com indicador apontando para baixo|backhand index pointing down
261d-fe0f|indicador apontando para cima|index pointing up;1f44b|mão acenando oi tchau olá|waving hand hi bye hello
1f91a|dorso da mão levantado|raised back of hand;270b|mão levantada|raised hand;1f596|saudação vulcana|vulcan salute
1f44f|mãos aplaudindo palmas parabéns|clapping hands clap congratulations;1f64c|mãos para cima|raising hands
1f450|mãos abertas|open hands;1f932|palmas unidas para cima|palms up together
1f91d|aperto de mãos acordo fechado|handshake deal
1f64f|mãos juntas obrigado por favor rezar amém|folded hands thanks please pray
270d-fe0f|escrevendo à mão|writing hand;1f485|esmalte de unha|nail polish;1f4aa|bíceps força|flexed biceps strong
1f442|orelha|ear;1f440|olhos olhando ver|eyes look see;1f445|língua|tongue;1f444|boca|mouth;1f476|bebê|baby
1f9d2|criança|child;1f466|menino|boy;1f467|menina|girl;1f9d1|pessoa|person;1f468|homem|man;1f469|mulher|woman
1f474|homem idoso|old man;1f475|idosa|old woman;1f64b|pessoa levantando a mão|person raising hand
1f937|pessoa dando de ombros não sei|person shrugging dunno;1f926|pessoa decepcionada|person facepalming
1f647|pessoa fazendo reverência|person bowing;1f481|pessoa com a palma virada para cima|person tipping hand
1f645|pessoa fazendo gesto de “não”|person gesturing no;1f646|pessoa fazendo gesto de “ok”|person gesturing ok
1f469-200d-2695-fe0f|mulher profissional da saúde|woman health worker
1f468-200d-2695-fe0f|homem profissional da saúde|man health worker;1f469-200d-1f3eb|professora|woman teacher
1f468-200d-1f3eb|professor|man teacher;1f469-200d-1f4bb|tecnóloga|woman technologist
1f468-200d-1f4bb|tecnólogo|man technologist;1f46e|policial|police officer
1f477|trabalhador de construção civil|construction worker;1f483|mulher dançando|woman dancing
1f57a|homem dançando|man dancing;1f3c3|pessoa correndo|person running;1f6b6|pessoa andando|person walking
1f46a|família|family;1f491|casal apaixonado|couple with heart
1f46b|homem e mulher de mãos dadas|woman and man holding hands
`,
  nature: `
1f436|rosto de cachorro|dog face;1f431|rosto de gato|cat face;1f42d|rosto de camundongo|mouse face
1f430|rosto de coelho|rabbit face;1f98a|rosto de raposa|fox;1f43b|rosto de urso|bear;1f43c|rosto de panda|panda
1f428|coala|koala;1f42f|rosto de tigre|tiger face;1f981|rosto de leão|lion;1f42e|rosto de vaca|cow face
1f437|rosto de porco|pig face;1f438|sapo|frog;1f435|rosto de macaco|monkey face
1f648|macaco que não vê nada|see-no-evil monkey;1f649|macaco que não ouve nada|hear-no-evil monkey
1f64a|macaco que não fala nada|speak-no-evil monkey;1f414|galinha|chicken;1f427|pinguim|penguin;1f426|pássaro|bird
1f986|pato|duck;1f989|coruja|owl;1f434|rosto de cavalo|horse face;1f984|rosto de unicórnio|unicorn
1f41d|abelha|honeybee;1f98b|borboleta|butterfly;1f422|tartaruga|turtle;1f40d|cobra|snake;1f419|polvo|octopus
1f420|peixe tropical|tropical fish;1f42c|golfinho|dolphin;1f433|baleia esguichando água|spouting whale
1f418|elefante|elephant;1f335|cacto|cactus;1f384|árvore de natal|christmas tree;1f332|conífera|evergreen tree
1f334|palmeira|palm tree;1f331|muda de planta|seedling;1f340|trevo de quatro folhas|four leaf clover;1f339|rosa|rose
1f33b|girassol|sunflower;1f337|tulipa|tulip;1f338|flor de cerejeira|cherry blossom;1f490|buquê|bouquet
1f31e|rosto do sol|sun with face;1f31d|rosto da lua cheia|full moon face;1f308|arco-íris|rainbow
2b50|estrela branca média|star;1f31f|estrela brilhante|glowing star;2728|brilhos|sparkles
26a1|alta tensão|high voltage;1f525|fogo top quente|fire hot;1f4a7|gota|droplet;1f30a|onda|water wave
2600-fe0f|sol|sun;26c5|sol por trás das nuvens|sun behind cloud;2601-fe0f|nuvem|cloud
1f327-fe0f|nuvem com chuva|cloud with rain;2744-fe0f|floco de neve|snowflake
2614|sombrinha na chuva|umbrella with rain drops
`,
  food: `
1f34e|maçã vermelha|red apple;1f34c|banana|banana;1f347|uvas|grapes;1f353|morango|strawberry;1f349|melancia|watermelon
1f34d|abacaxi|pineapple;1f96d|manga|mango;1f351|pêssego|peach;1f34b|limão|lemon;1f951|abacate|avocado
1f345|tomate|tomato;1f955|cenoura|carrot;1f33d|milho|ear of corn;1f954|batata|potato;1f35e|pão|bread
1f9c0|queijo|cheese wedge;1f95a|ovo|egg;1f373|ovo frito|cooking;1f953|bacon|bacon;1f354|hambúrguer|hamburger
1f35f|batata frita|french fries;1f355|pizza|pizza;1f32d|cachorro-quente|hot dog;1f96a|sanduíche|sandwich
1f32e|taco|taco;1f35d|espaguete|spaghetti;1f363|sushi|sushi;1f35a|arroz cozido|cooked rice
1f957|salada verde|green salad;1f37f|pipoca|popcorn;1f366|sorvete italiano|soft ice cream;1f369|donut|doughnut
1f36a|biscoito|cookie;1f382|bolo de aniversário aniversário|birthday cake birthday
1f370|pão de ló de morango|shortcake;1f9c1|cupcake|cupcake;1f36b|chocolate|chocolate bar;1f36c|bala|candy
2615|café|hot beverage;1f375|xícara de chá sem alça|teacup without handle;1f964|copo com canudo|cup with straw
1f37a|cerveja|beer mug;1f37b|canecas de cerveja|clinking beer mugs;1f377|vinho|wine glass
1f942|taças brindando|clinking glasses;1f37e|garrafa de champanhe|bottle with popping cork;1f9c9|mate|mate
`,
  places: `
26bd|bola de futebol|soccer ball;1f3c0|bola de basquete|basketball;1f3d0|bola de vôlei|volleyball;1f3be|tênis|tennis
1f947|medalha de ouro|1st place medal;1f3c6|troféu|trophy;1f3ae|videogame|video game;1f3af|no alvo|bullseye
1f3b8|guitarra|guitar;1f3a4|microfone|microphone;1f3a7|fones de ouvido|headphone;1f3ac|claquete|clapper board
1f3a8|paleta de tintas|artist palette;1f389|cone de festa festa parabéns|party popper party congratulations
1f38a|confete|confetti ball;1f388|balão|balloon;1f381|presente presente|wrapped gift gift
1f697|carro carro|automobile car;1f695|táxi|taxi;1f68c|ônibus|bus;1f691|ambulância|ambulance
1f692|carro do corpo de bombeiros|fire engine;1f6b2|bicicleta|bicycle;1f3cd-fe0f|motocicleta|motorcycle
2708-fe0f|avião|airplane;1f680|foguete|rocket;26f5|barco a vela|sailboat;1f3e0|casa|house
1f3e1|casa com jardim|house with garden;1f3e2|edifício comercial|office building
1f3e5|hospital hospital clínica|hospital hospital clinic;1f3e6|banco|bank;1f3eb|escola|school
1f3ea|loja de conveniência|convenience store;26ea|igreja|church;1f3d6-fe0f|praia e guarda-sol|beach with umbrella
1f3dd-fe0f|ilha deserta|desert island;26f0-fe0f|montanha|mountain;1f306|cidade ao anoitecer|cityscape at dusk
1f303|noite estrelada|night with stars;1f5fa-fe0f|mapa-múndi|world map
1f4cd|tacha redonda lugar endereço|round pushpin place address;1f1e7-1f1f7|bandeira brasil brasil|brazil brazil
`,
  objects: `
1f4f1|telefone celular celular telefone|mobile phone phone;1f4bb|laptop|laptop
1f5a5-fe0f|computador de mesa|desktop computer;1f5a8-fe0f|impressora|printer;1f4f7|câmera|camera
1f3a5|câmera de cinema|movie camera;1f4de|telefone ligar telefone|telephone receiver call phone
260e-fe0f|telefone no gancho|telephone;1f4fa|televisão|television
23f0|despertador hora horário despertador|alarm clock time alarm;231b|ampulheta|hourglass done;1f50b|pilha|battery
1f4a1|lâmpada|light bulb;1f526|lanterna|flashlight;1f4b0|saco de dinheiro dinheiro|money bag money
1f4b5|nota de dólar dinheiro|dollar banknote money;1f4b3|cartão de crédito|credit card;1f9fe|recibo|receipt
1f48e|pedra preciosa|gem stone;1f527|chave inglesa|wrench;1f528|martelo|hammer;1f511|chave|key;1f512|cadeado|locked
1f513|cadeado aberto|unlocked;1f6aa|porta|door;1f6cf-fe0f|cama|bed;1f6d2|carrinho de compras|shopping cart
1f48a|comprimido remédio|pill medicine;1f489|seringa vacina injeção|syringe vaccine
1fa7a|estetoscópio médico consulta|stethoscope doctor;1fa79|atadura adesiva|adhesive bandage
1f9ea|tubo de ensaio|test tube;1f9b7|dente dente dentista|tooth dentist;1f453|óculos|glasses;1f455|camiseta|t-shirt
1f457|vestido|dress;1f45f|tênis de corrida|running shoe;1f45c|bolsa de mão|handbag;1f392|mochila|backpack
2602-fe0f|guarda-chuva|umbrella;2709-fe0f|envelope|envelope;1f4e7|e-mail|e-mail;1f4e6|pacote|package
1f4c5|calendário agenda data|calendar date schedule;1f4cc|tacha|pushpin;1f4ce|clipe de papel anexo|paperclip attach
2702-fe0f|tesoura|scissors;1f4dd|memorando|memo;1f4c4|página voltada para cima|page facing up
1f4c1|pasta de arquivos|file folder;1f4da|livros|books;1f4d6|livro aberto|open book;1f4ca|gráfico de barras|bar chart
1f4c8|gráfico subindo|chart increasing;1f4c9|gráfico caindo|chart decreasing
1f50d|lupa para a esquerda|magnifying glass tilted left
`,
  symbols: `
2764-fe0f|coração vermelho amor|red heart love;1f9e1|coração laranja|orange heart;1f49b|coração amarelo|yellow heart
1f49a|coração verde|green heart;1f499|coração azul|blue heart;1f49c|coração roxo|purple heart
1f5a4|coração preto|black heart;1f90d|coração branco|white heart;1f90e|coração marrom|brown heart
1f494|coração partido|broken heart;2763-fe0f|exclamação de coração|heart exclamation;1f495|dois corações|two hearts
1f49e|corações girando|revolving hearts;1f493|coração pulsante|beating heart;1f497|coração crescendo|growing heart
1f496|coração brilhante|sparkling heart;1f498|coração com flecha|heart with arrow
1f49d|coração com fita|heart with ribbon;1f4af|cem pontos cem|hundred points hundred
2705|marca de seleção branca feito pronto certo|check mark button done ok
2611-fe0f|caixa de seleção marcada com tique|check box with check;2714-fe0f|marca de seleção|check mark
274c|xis errado não|cross mark wrong no;274e|botão de xis|cross mark button
2757|ponto de exclamação vermelho|red exclamation mark;2753|ponto de interrogação vermelho|red question mark
26a0-fe0f|aviso|warning;1f6ab|proibido|prohibited;26d4|entrada proibida|no entry;1f534|círculo vermelho|red circle
1f7e1|círculo amarelo|yellow circle;1f7e2|círculo verde|green circle;1f535|círculo azul|blue circle
2b06-fe0f|seta para cima|up arrow;2b07-fe0f|seta para baixo|down arrow;2b05-fe0f|seta para a esquerda|left arrow
27a1-fe0f|seta para a direita|right arrow;1f504|botão de setas em sentido anti-horário|counterclockwise arrows button
1f514|sino|bell;1f515|sino silenciado|bell with slash;1f4ac|balão de diálogo|speech balloon
1f4ad|balão de pensamento|thought balloon;1f4a4|zzz|zzz;1f197|botão ok|ok button;1f195|botão new|new button
1f51d|seta top|top arrow;267b-fe0f|símbolo de reciclagem|recycling symbol;2795|símbolo de adição|plus
2796|símbolo de subtração|minus;1f522|números|input numbers
`,
} as const;
