"""What the demo clinic's customers have said so far. Minutes are counted back from the moment the demo is made."""

from dataclasses import dataclass
from typing import Literal

Speaker = Literal["customer", "ana", "bruno"]


@dataclass(frozen=True, slots=True)
class Line:
    """One message. `minutes_ago` orders the conversation; the newest lines give it its place in the list."""

    minutes_ago: int
    speaker: Speaker
    text: str


@dataclass(frozen=True, slots=True)
class Talk:
    """One customer's conversation. `unread`: how many of their last messages nobody has opened."""

    name: str
    phone: str
    lines: tuple[Line, ...]
    unread: int = 0
    status: Literal["open", "pending", "resolved"] = "open"
    assignee: Literal["", "ana", "bruno"] = ""


STORY: tuple[Talk, ...] = (
    Talk(
        "Marina Duarte",
        "5511987650101",
        (
            Line(58, "customer", "Bom dia! Vocês têm horário com a dermatologista ainda esta semana?"),
            Line(55, "bruno", "Bom dia, Marina! Temos quinta às 10h30 ou sexta às 16h. Qual fica melhor?"),
            Line(51, "customer", "Sexta às 16h, por favor"),
            Line(
                49, "bruno", "Reservado: sexta, 16h, Dra. Helena. Pode me mandar uma foto da carteirinha do convênio?"
            ),
            Line(4, "customer", "Mando já já. Precisa da frente e do verso?"),
        ),
        unread=1,
        assignee="bruno",
    ),
    Talk(
        "Seu Osvaldo Prates",
        "5521996540202",
        (
            Line(190, "customer", "Boa tarde, é da clínica?"),
            Line(188, "ana", "Boa tarde, seu Osvaldo! É sim. Em que posso ajudar?"),
            Line(185, "customer", "Queria saber se o exame de sangue tem que ser em jejum"),
            Line(183, "ana", "Para este pedido são 8 horas de jejum. Água pode à vontade."),
            Line(181, "customer", "Obrigado, minha filha 🙏"),
        ),
        assignee="ana",
    ),
    Talk(
        "Júlia Antunes",
        "5531988430303",
        (
            Line(33, "customer", "Oi, o resultado da minha ultrassom já saiu?"),
            Line(12, "customer", "Minha consulta de retorno é amanhã cedo 😬"),
        ),
        unread=2,
        status="pending",
    ),
    Talk(
        "Rafael Koch",
        "5551997320404",
        (
            Line(2900, "customer", "Preciso da segunda via da nota fiscal da consulta do dia 3"),
            Line(2890, "ana", "Claro, Rafael. Enviei agora para o seu e-mail. Confere se chegou?"),
            Line(2874, "customer", "Chegou, valeu!"),
        ),
        status="resolved",
        assignee="ana",
    ),
)
