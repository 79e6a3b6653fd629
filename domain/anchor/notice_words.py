"""What Anchor says that no model wrote, by language: what it is, and what stands in the place of words that were held
back. Written by people."""

from __future__ import annotations

BEGIN = {
    "en": (
        "Before we begin: I am Anchor, an AI. You are not talking with a person, and this is not therapy or medical "
        "care. I can be wrong. If you are in danger, please call your emergency number."
    ),
    "es": (
        "Antes de empezar: soy Anchor, una IA. No hablas con una persona, y esto no es terapia ni atención médica. "
        "Puedo equivocarme. Si estás en peligro, llama por favor al número de emergencias."
    ),
    "fr": (
        "Avant de commencer : je suis Anchor, une IA. Tu ne parles pas avec une personne, et ceci n’est ni une "
        "thérapie ni un soin médical. Je peux me tromper. Si tu es en danger, appelle s’il te plaît le numéro "
        "d’urgence."
    ),
    "de": (
        "Bevor wir anfangen: Ich bin Anchor, eine KI. Du sprichst nicht mit einem Menschen, und das hier ist weder "
        "Therapie noch medizinische Hilfe. Ich kann mich irren. Wenn du in Gefahr bist, ruf bitte den Notruf an."
    ),
    "pt": (
        "Antes de começar: eu sou Anchor, uma IA. Você não está falando com uma pessoa, e isto não é terapia nem "
        "cuidado médico. Posso errar. Se você está em perigo, ligue por favor para o número de emergência."
    ),
}

# After hours of use: California's law wants a break to be suggested too, to minors; it does nobody harm.
AGAIN = {
    "en": (
        "We have been talking for a while, so once more: I am an AI, not a person, and this is not therapy. A short "
        "break may do you good. I am here afterwards too."
    ),
    "es": (
        "Llevamos un buen rato, así que lo repito: soy una IA, no una persona, y esto no es terapia. Una pausa corta "
        "puede venirte bien. Después sigo aquí."
    ),
    "fr": (
        "Nous parlons depuis un moment, alors je le redis : je suis une IA, pas une personne, et ceci n’est pas une "
        "thérapie. Une petite pause peut te faire du bien. Je suis là ensuite aussi."
    ),
    "de": (
        "Wir reden schon eine Weile, darum noch einmal: Ich bin eine KI, kein Mensch, und das hier ist keine Therapie. "
        "Eine kurze Pause tut dir vielleicht gut. Danach bin ich auch noch da."
    ),
    "pt": (
        "Já conversamos há um tempo, então repito: sou uma IA, não uma pessoa, e isto não é terapia. Uma pausa curta "
        "pode fazer bem. Depois continuo aqui."
    ),
}

# In the place of an answer that the model may not give. It may be the model's fault alone, so it blames nobody.
INSTEAD = {
    "en": (
        "I stopped there: what I was about to say was not right, so I leave it unsaid. I am an AI, and that can "
        "happen. Tell me what is on your mind right now, and let us go on from there."
    ),
    "es": (
        "Me he detenido ahí: lo que iba a decir no estaba bien, así que no lo digo. Soy una IA, y eso puede pasar. "
        "Cuéntame qué tienes ahora en la cabeza y seguimos desde ahí."
    ),
    "fr": (
        "Je me suis arrêté là : ce que j’allais dire n’était pas juste, alors je ne le dis pas. Je suis une IA, cela "
        "peut arriver. Dis-moi ce que tu as en tête en ce moment, et continuons à partir de là."
    ),
    "de": (
        "Ich habe hier angehalten: Was ich sagen wollte, war nicht richtig, darum lasse ich es. Ich bin eine KI, und "
        "so etwas kommt vor. Sag mir, was dich gerade beschäftigt, und wir machen dort weiter."
    ),
    "pt": (
        "Parei por aqui: o que eu ia dizer não estava certo, então não digo. Sou uma IA, e isso pode acontecer. Me "
        "conte o que está na sua cabeça agora, e seguimos a partir daí."
    ),
}


def in_language(words: dict[str, str], locale: str) -> str:
    """`words` in the language of `locale` (a tag such as de-AT), or else in English."""
    return words.get(locale.split("-")[0].lower(), words["en"])
