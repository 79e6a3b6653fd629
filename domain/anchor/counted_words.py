"""What is counted in a text: the nouns behind a number, in English, German, Spanish, French and Portuguese, folded.

Of what is found here it is known whether a number before it speaks of the person, and by what it can be checked.
"""

from __future__ import annotations

from typing import Literal

Counted = Literal[
    "days", "weeks", "months", "years", "hours", "check_ins", "urges", "goals", "entries", "slips", "times", "exercise"
]

_NOUNS: dict[Counted, str] = {
    "days": """day days night nights evening evenings morning mornings tag tage tagen nacht nachte nachten abend abende
        abenden morgen dia dias noche noches noite noites jour jours nuit nuits soir soirs soiree soirees manana
        mananas manha manhas matin matins""",
    "weeks": "week weeks woche wochen semana semanas semaine semaines",
    "months": "month months monat monate monaten mes meses mois",
    "years": "year years jahr jahre jahren ano anos an ans annee annees",
    "hours": "hour hours stunde stunden hora horas heure heures",
    "check_ins": "checkin checkins",
    "urges": """urge urges pull pulls craving cravings drang drange impuls impulse impulso impulsos envie envies pulsion
        pulsions vontade vontades""",
    "goals": "goal goals target targets ziel ziele zielen meta metas objetivo objetivos objectif objectifs",
    "entries": "entry entries eintrag eintrage eintragen entrada entradas entree entrees",
    "slips": """slip slips setback setbacks ausrutscher ruckfall ruckfalle recaida recaidas rechute rechutes attempt
        attempts versuch versuche intento intentos tentative tentatives tentativa tentativas achievement
        achievements""",
    "times": "time times mal male vez veces vezes fois",
    # Of an exercise, or things of this world: nobody takes these for what we have counted of them.
    "exercise": """second seconds sekunde sekunden segundo segundos seconde secondes minute minutes minuten minuto
        minutos breath breaths breathing breathe atemzug atemzuge atemzugen respiracion respiraciones respiration
        respirations respiracao respiracoes step steps schritt schritte schritten paso pasos pas passo passos glass
        glasses glas glaser vaso vasos verre verres copo copos cup cups tasse tassen taza tazas tasses xicara
        xicaras thing things ding dinge dingen sache sachen cosa cosas chose choses coisa coisas word words wort
        worte worten worter palabra palabras mot mots palavra palavras sentence sentences satz satze satzen frase
        frases phrase phrases line lines zeile zeilen linea lineas ligne lignes linha linhas page pages seite seiten
        pagina paginas people person persons menschen personen personas personnes pessoas friend friends freunde
        freunden amigos amis voices stimmen sense senses minds hands hande handen manos mains maos feet fusse fussen
        pies pieds sides seiten song songs lied lieder canciones chansons musicas stretches squats push pushups sips
        metres meters blocks questions fragen preguntas perguntas colours colors farben colores couleurs cores
        sounds corners stairs floors""",
}  # fmt: skip

COUNTED: dict[str, Counted] = {word: what for what, words in _NOUNS.items() for word in words.split()}

CLEAN = frozenset(
    "clean sober sauber saubere sauberen limpio limpios limpia limpias limpo limpos limpas propre propres sobre sobres "
    "abstinent abstinents".split()
)  # fmt: skip
# Before a length that is not quite reached.
NEARLY = frozenset("nearly almost fast beinahe casi presque quase".split())
# Before a name that happens to be a number, and before an hour.
NAMED = frozenset(
    "chapter kapitel capitulo chapitre part teil episode track seite volume number nummer bus tram".split()
)
HOUR = frozenset("at um halb past gegen nach vor las".split())
MOOD = frozenset("mood moods stimmung laune animo humor humeur".split())
URGE = frozenset("urge urges pull craving drang impuls impulso envie pulsion vontade level stufe".split())
PERCENT = frozenset("% percent prozent pourcent".split())
# Before a number: what is to come, or comes again and again, is nothing that has been counted.
AHEAD = frozenset(
    "next coming every nachsten nachste kommenden alle proximo proximos proxima proximas cada prochain prochains "
    "prochaine prochaines tous toutes todos todas".split()
)  # fmt: skip
PAST = frozenset("last past letzten vergangenen ultimos ultimas pasados derniers dernieres passados".split())
# A goal's own figures may only be said of the goal.
OF_GOALS = frozenset(
    "goal goals target ziel meta objetivo objectif left more remaining remain go noch fehlen faltan quedan restan "
    "reste restent encore faltam".split()
)  # fmt: skip
# With these, one week or one month is a length that has been reached.
REACHED = frozenset(
    "clean sober behind streak without already straight reached completed made row geschafft hinter sauber schon "
    "llevas cumplido limpio seguida seguidos propre derriere affilee sobre tenu limpo completou seguidas".split()
)  # fmt: skip
# With these, a length may be an earlier one, or of all attempts together.
NOT_ONLY_NOW = frozenset(
    "best longest record total all altogether ever insgesamt beste besten langste langsten alle mejor marca total todo "
    "meilleur record tout melhor tudo".split()
)  # fmt: skip
ONE = frozenset("a an one 1 full whole entire ein eine einen einem einer ganze ganzen ganzes un una une um uma".split())
# Of these, with "a" before them, nobody speaks but of what has been reached.
WHOLE = frozenset("whole full entire ganze ganzen ganzes".split())
NOT_REACHED = frozenset("once twice times per every next in mal einmal pro vez fois par por ago this".split())
DID = frozenset(
    "have had ve did were was resisted checked wrote held kept logged let outlasted passed stood hast has as".split()
)  # fmt: skip
