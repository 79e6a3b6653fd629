"""What somebody in danger reads first, by language. Written by people, and never made by a model.

Short, without a question that would have to be answered, and true also for somebody who meant something else.
"""

from __future__ import annotations

WORDS: dict[str, str] = {
    "en": (
        "Thank you for saying it. What you write sounds very heavy, and you do not have to carry it alone. If you "
        "might hurt yourself, or are in danger now, please call one of the numbers here, or somebody who can come to "
        "you. They are there for exactly this. And if it is not as bad as it sounded: good, and the numbers stay here "
        "for you all the same. No slip and no number of days changes what you are worth."
    ),
    "es": (
        "Gracias por decirlo. Lo que escribes suena muy duro, y no tienes que cargar con ello a solas. Si puedes "
        "hacerte daño o estás en peligro ahora, llama por favor a uno de estos números, o a alguien que pueda ir "
        "contigo. Están ahí justo para esto. Y si no es tan grave como sonaba, mejor: los "
        "números siguen aquí para ti. Ninguna recaída y ninguna cuenta de días cambia lo que vales."
    ),
    "fr": (
        "Merci de l’avoir dit. Ce que tu écris semble très lourd, et tu n’as pas à le porter sans aide. Si tu risques "
        "de te faire du mal, ou si tu es en danger maintenant, appelle s’il te plaît un de ces numéros, ou quelqu’un "
        "qui peut te rejoindre. Ils sont là exactement pour cela. Et si c’est moins grave qu’il n’y "
        "paraît, tant mieux : les numéros restent là pour toi. Aucune rechute ni aucun compteur ne change ta valeur."
    ),
    "de": (
        "Danke, dass du es sagst. Was du schreibst, klingt sehr schwer, und du musst es nicht allein tragen. Wenn du "
        "dir etwas antun könntest oder jetzt in Gefahr bist, ruf bitte eine der Nummern hier an, oder jemanden, der zu "
        "dir kommen kann. Sie sind genau dafür da. Und falls es nicht so schlimm ist, "
        "wie es klang: gut, die Nummern bleiben trotzdem für dich hier. Kein Rückfall und keine Zahl von Tagen ändert, "
        "was du wert bist."
    ),
    "pt": (
        "Obrigado por dizer isso. O que você escreve parece muito pesado, e você não precisa carregar isso sem ajuda. "
        "Se você pode se machucar, ou está em perigo agora, ligue por favor para um destes números, ou para alguém que "
        "possa ir até você. Eles existem exatamente para isso. E se não é tão grave quanto "
        "pareceu, que bom: os números continuam aqui para você. Nenhuma recaída e nenhuma contagem de dias muda o seu "
        "valor."
    ),
}  # fmt: skip


def words_for(locale: str) -> str:
    """In the language of `locale` (a tag such as de-AT), or else in English."""
    return WORDS.get(locale.split("-")[0].lower(), WORDS["en"])
