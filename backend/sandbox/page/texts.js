// Every word on the page, pt-BR first.
const PT = {
  title: "WhatsApp simulado", people: "Clientes", instance: "Instância", language: "Switch to English", languageMark: "EN",
  faults: "Falhas sob encomenda", close: "Fechar", back: "Voltar", online: "Aparelho ligado", autoRead: "Ler ao abrir",
  thread: "Conversa", message: "Mensagem", send: "Enviar", attach: "Anexar", speaker: "Quem fala no grupo", cancel: "Cancelar",
  choose: "Escolha um cliente: você vai segurar o celular dele.", noInstance: "Nenhuma instância ligada",
  noInstanceWhy: "Rode a demonstração do servidor, ou ligue uma instância aqui.", name: "Nome", apiKey: "Chave da API",
  webhookUrl: "URL do webhook", create: "Ligar", typing: "digitando…", recording: "gravando áudio…", group: "Grupo",
  lidOnly: "Sem telefone, só LID", quiet: "conectada", disconnected: "WhatsApp desconectado", nothing: "Nenhuma mensagem ainda",
  reply: "Responder", edit: "Editar", remove: "Apagar para todos", react: "Reagir", more: "Ações da mensagem",
  replyingTo: "Respondendo: ", editing: "Editando: ", deleted: "Mensagem apagada", edited: "editada", agent: "Atendente",
  owner: "Celular da empresa", you: "Você", hidden: "sem registro no gateway", failedMedia: "Arquivo indisponível",
  kinds: {
    text: "Texto", image: "Foto", album: "Álbum de 8 fotos", video: "Vídeo", gif: "GIF", video_note: "Vídeo redondo",
    voice: "Nota de voz", audio: "Música", document: "Documento PDF", sticker: "Figurinha", location: "Localização",
    contact: "Contato", poll: "Enquete", file: "Arquivo seu…", reaction: "Reação", lottie: "Figurinha Lottie",
    animated: "Figurinha animada", rotated: "Foto deitada (EXIF)", gps: "Foto com GPS", buttons_reply: "Botão",
    list_reply: "Lista", template_reply: "Modelo", unknown: "Tipo desconhecido", once: "Foto de visualização única",
  },
  status: {
    PENDING: "na fila", SERVER_ACK: "enviada", DELIVERY_ACK: "entregue", READ: "lida", PLAYED: "ouvida", ERROR: "falhou",
  },
  posts: { delivered: "entregues", pending: "a caminho", refused: "recusados", lost: "perdidos", dropped: "descartados" },
  pollQuestion: "Qual horário prefere?",
  f: {
    webhooks: "Webhooks", drop: "Perder para sempre", duplicate: "Duplicar", reorder: "Fora de ordem", slow: "Atraso (s)",
    media: "Arquivos do WhatsApp", gateway: "Envios dos atendentes", mode: "Falha", seconds: "Segundos",
    rate: "Bytes por segundo", status: "Código HTTP", location: "Endereço", count: "Só as próximas (vazio: sempre)",
    also: "Também no gateway", echo: "Esconder o eco (send.message)", record: "Esconder do findMessages",
    connection: "Conexão", open: "Conectar", connecting: "Cair", logged_out: "Remover aparelho", clock: "Relógio",
    scale: "Esperas multiplicadas por", clear: "Tudo normal", events: "Só estes eventos (vazio: todos)",
  },
  media: {
    none: "Tudo normal", delay: "Demora a começar", slow: "Devagar", status: "Erro HTTP", html: "Página no lugar do arquivo",
    truncated: "Termina antes", cut: "Conexão cai no meio", longer: "Bytes a mais", corrupt: "Um byte errado",
    redirect: "Redireciona", hang: "Nunca responde",
  },
  gateway: {
    none: "Tudo normal", slow: "Devagar", accept_then_hang: "Aceita e não responde", disconnected: "Connection Closed",
    upload_failed: "Upload falha", not_on_whatsapp: "Número sem WhatsApp", status: "Erro HTTP",
  },
};
const EN = {
  title: "Simulated WhatsApp", people: "Customers", instance: "Instance", language: "Mudar para português", languageMark: "PT",
  faults: "Faults on demand", close: "Close", back: "Back", online: "Phone on", autoRead: "Read when open",
  thread: "Chat", message: "Message", send: "Send", attach: "Attach", speaker: "Who speaks in the group", cancel: "Cancel",
  choose: "Choose a customer: you will hold their phone.", noInstance: "No instance is wired",
  noInstanceWhy: "Run the server's demo, or wire an instance here.", name: "Name", apiKey: "API key",
  webhookUrl: "Webhook URL", create: "Wire it", typing: "typing…", recording: "recording audio…", group: "Group",
  lidOnly: "No phone, LID only", quiet: "connected", disconnected: "WhatsApp disconnected", nothing: "No messages yet",
  reply: "Reply", edit: "Edit", remove: "Delete for everyone", react: "React", more: "Message actions",
  replyingTo: "Replying to: ", editing: "Editing: ", deleted: "Deleted message", edited: "edited", agent: "Agent",
  owner: "The company's phone", you: "You", hidden: "no record at the gateway", failedMedia: "File not available",
  kinds: {
    text: "Text", image: "Photo", album: "Album of 8 photos", video: "Video", gif: "GIF", video_note: "Video note",
    voice: "Voice note", audio: "Music", document: "PDF document", sticker: "Sticker", location: "Location",
    contact: "Contact", poll: "Poll", file: "A file of yours…", reaction: "Reaction", lottie: "Lottie sticker",
    animated: "Animated sticker", rotated: "Photo on its side (EXIF)", gps: "Photo with GPS", buttons_reply: "Button",
    list_reply: "List", template_reply: "Template", unknown: "Unknown type", once: "View-once photo",
  },
  status: {
    PENDING: "queued", SERVER_ACK: "sent", DELIVERY_ACK: "delivered", READ: "read", PLAYED: "played", ERROR: "failed",
  },
  posts: { delivered: "delivered", pending: "on the way", refused: "refused", lost: "lost", dropped: "dropped" },
  pollQuestion: "Which time suits you?",
  f: {
    webhooks: "Webhooks", drop: "Lose for good", duplicate: "Duplicate", reorder: "Out of order", slow: "Delay (s)",
    media: "WhatsApp's files", gateway: "Agents' sends", mode: "Fault", seconds: "Seconds", rate: "Bytes per second",
    status: "HTTP status", location: "Address", count: "Only the next (empty: always)", also: "At the gateway too",
    echo: "Hide the echo (send.message)", record: "Hide from findMessages", connection: "Connection", open: "Connect",
    connecting: "Lose it", logged_out: "Remove device", clock: "Clock", scale: "Waits multiplied by", clear: "All normal",
    events: "Only these events (empty: all)",
  },
  media: {
    none: "All normal", delay: "Slow to start", slow: "Slow", status: "HTTP error", html: "A page instead of the file",
    truncated: "Ends early", cut: "Connection dies half-way", longer: "Surplus bytes", corrupt: "One byte wrong",
    redirect: "Redirects", hang: "Never answers",
  },
  gateway: {
    none: "All normal", slow: "Slow", accept_then_hang: "Accepts, then silence", disconnected: "Connection Closed",
    upload_failed: "Upload fails", not_on_whatsapp: "Number not on WhatsApp", status: "HTTP error",
  },
};

let language = localStorage.getItem("sandbox.language") === "en" ? "en" : "pt-BR";

export const t = () => (language === "en" ? EN : PT);
export const locale = () => language;

export function switchLanguage() {
  language = language === "en" ? "pt-BR" : "en";
  localStorage.setItem("sandbox.language", language);
}

export function write(root) {
  document.documentElement.lang = language;
  document.title = t().title;
  for (const node of root.querySelectorAll("[data-text]")) node.textContent = t()[node.dataset.text];
  for (const node of root.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", t()[node.dataset.label]);
    node.title = t()[node.dataset.label];
  }
}
