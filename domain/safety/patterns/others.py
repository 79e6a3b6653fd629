"""A few phrases of Italian, Dutch and Polish."""

FILLERS = "solamente davvero proprio gewoon echt alleen po prostu naprawde tylko juz".split()

SAID = [
    # Italian
    "voglio|vorrei|voglia|preferirei di? morire|ammazzarmi|uccidermi|sparire",
    "mi voglio|vorrei ammazzare|uccidere|impiccare",
    "ammazzarmi|uccidermi|impiccarmi|suicidarmi",
    "farla finita",
    "non .. voglio|vorrei|riesco|posso piu? a? vivere|esistere",
    "togliermi la vita",
    "vorrei essere morto|morta",
    "meglio senza di me",
    "mi taglio|tagliarmi le|di vene|nuovo",
    # Dutch
    "wil|wou|liever dood|sterven|doodgaan",
    "was|ben ik .. liever|maar dood",
    "zelfmoord*",
    "zelfdod*",
    "zelfdoding",
    "einde .. aan mijn leven",
    "einde maken aan alles",
    "wil|wou|kan|hoef niet meer leven|verder|bestaan",
    "niet meer te? leven",
    "mezelf .. van kant|ophangen|doden|snijden|iets",
    "me .. ophangen|verhangen",
    "snijd mezelf",
    "beter af zonder mij",
    # Polish
    "chce|chcialbym|chcialabym|wole umrzec|zdechnac",
    "chce|chcialbym|chcialabym|moge|mam .. zabic|powiesic sie",
    "sie zabic|powiesic|zabije",
    "zabije|zabic|powiesze sie",
    "samoboj*",
    "nie chce .. zyc",
    "odebrac sobie zycie",
    "skonczyc z|ze soba|zyciem",
    "tne sie",
    "beze mnie .. lepiej",
    "lepiej beze mnie",
]

EXCUSED = [
    "non voglio piu? morire",
    "farla finita con .. porno|vizio|abitudine|dipendenza|questo|questa",
    "prevenzione .. suicid*",
    "morire dal|di ridere|fame|sonno|noia",
    "zelfmoordprev*",
    "zelfmoordlijn",
    "niet .. dood wil",
    "wil niet dood",
    "nie chce umrzec|umierac",
    "zapobiegan* .. samoboj*",
    "si e suicidato|suicidata",
]
