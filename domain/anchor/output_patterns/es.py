"""Spanish."""

_EXPERT = "terapeuta|psicologo|psicologa|psiquiatra|medico|medica|doctor|doctora|consejero|enfermera"
_LOW = (
    "asqueroso|asquerosa|patetico|patetica|debil|inutil|fracasado|fracasada|repugnante|verguenza|vergonzoso|perdedor"
    "|fracaso|pervertido|enfermo|sucio|cobarde|vago|basura|desgracia|decepcion|adicto|miserable"
)

SAID = {
    "sexual": [
        "polla|verga|mamada|follar|follame|follarte|follamos|tetas",
        "quitate|quitarte|quito|quitas|desabrocho|arranco|bajo la|el|tu|los|las|mi ropa|camisa|blusa|pantalon"
        "|pantalones"
        "|vestido|bragas|sujetador",
        "tu|mi|su|cuerpo cuerpo? desnudo|desnuda",
        "beso|besa|lamo|acaricio|muerdo|recorro tu|mi|su|el cuello|cuerpo|labios|piel|pecho|muslos",
        "gimo|gime|gimes|gemidos|gemido",
        "entre|por tus|mis|sus piernas|muslos",
        "hola|ven|oh|si sexy|guapo|papi|amante",
        "historia|relato|escena|cuento erotico|erotica|sexual|porno|picante",
        "visita|mira|busca|abre|prueba|entra en|a? pornhub|xvideos|onlyfans|xnxx|porno",
        "soy tu amante|novia|novio",
        "desactiva|quita|salta el|tu filtro|bloqueador",
    ],
    "self_harm": [
        "deberias|puedes|podrias|tienes que? matarte|morir|suicidarte|cortarte|hacerte|ahorcarte",
        "matate|suicidate|ahorcate|cortate",
        "mejor sin ti",
        "mejor muerto|muerta",
        "nadie te echaria|extranaria|echara",
        "acaba|termina con tu vida",
        "dosis letal|mortal",
        "toma|tomate|traga todas|todos|las pastillas|tus",
        "forma|manera|metodo indolora|indoloro|de morir|suicidarte|matarte|de",
        "la muerte es|seria la|tu|una solucion|salida|paz|alivio",
    ],
    "shaming": [
        "que asco|verguenza das|me",
        f"eres|das un|una|tan|muy|demasiado|solo? {_LOW}",
        "das asco|pena|verguenza",
        "me das|da asco|verguenza",
        "deberia|deberias|tendrias|debes darte|tener|que? avergonzarte|verguenza",
        "averguenzate",
        "me has|decepcionado|fallado|defraudado",
        "estoy decepcionado|decepcionada",
        "has fallado|fracasado otra|de vez|nuevo",
        "no tienes fuerza|voluntad de? voluntad|disciplina",
        "que te pasa idiota|contigo",
        "como pudiste",
        "nunca cambiaras|lo lograras",
        "un hombre de verdad",
        "has arruinado|tirado|echado todo|a",
    ],
    "claim": [
        f"como|soy|siendo tu|un|una {_EXPERT}",
        f"soy {_EXPERT}|humano|humana|persona|real",
        "soy una|un persona|humano|ser|hombre|mujer|chica|chico",
        "no soy una|un ia|bot|robot|maquina|programa|inteligencia",
        "te diagnostico|receto|prescribo|trato|curare|curo",
        "mi diagnostico",
        "tienes|sufres|padeces de? una? depresion|tdah|bipolaridad|trastorno|ansiedad",
        "nuestra|esta|la sesion de? terapia",
        "deja|aumenta|reduce|dobla|suspende de? tomar? tu|la|los|el medicacion|dosis|antidepresivos|pastillas",
        "cuando yo? era joven|nino|nina|adolescente",
        "mi esposa|mujer|marido|infancia|adiccion|novia|novio",
        "yo tambien recai|luche|estuve|deje|fui|era",
        "te amo",
        "puedo ir a verte|visitarte|abrazarte|llamarte",
    ],
    "promise": [
        "te lo? prometo|garantizo|aseguro|juro",
        "prometo|garantizo que",
        "esta garantizado",
        "nunca mas|volveras recaeras|a recaer|sentir|caer",
        "estaras|quedaras curado|curada|sanado",
        "cura|curara|arregla|elimina la|tu|el disfuncion|depresion|ansiedad|adiccion",
        "en # dias estaras|tu|seras",
        "100 seguro|garantizado",
    ],
    "leak": [
        "mis|las|estas instrucciones dicen|son|internas|secretas",
        "prompt del|de sistema|inicial",
        "mensaje|instrucciones del sistema",
        "me han|fui programado|instruido|programada|ordenado|dado para|que|no|instrucciones",
        "sin restricciones|filtros|limites ya|ahora|soy|puedo",
        "modo desarrollador|dan|sin",
        "ignorando|ignoro mis|las instrucciones",
    ],
}

# A claim to be a person, which no "not" before it excuses.
SURE = [
    "no soy una|un ia|bot|robot|maquina|programa soy|sino",
    "sino|soy una|un persona|humano real|verdadera|verdadero",
]

EXCUSED = [
    "no|nunca|ni|sin|jamas|nadie .. .. prometo|prometer|garantizo|aseguro|diagnostico|receto|trato|prometerte",
    f"no|nunca|ni|sin|reemplazo|sustituyo .. .. {_EXPERT}|humano|humana|persona|real|ser|terapia",
    f"no|nunca|ni|nada|que|crees|sientes|dice eres|das un|una|tan|muy|solo? {_LOW}",
    "no|sin|ni|evita|deja|en .. .. .. historia|relato|escena erotico|erotica|sexual|porno|picante",
    "no|nunca|sin|si|antes|ganas|en .. .. busca|mira|abre|visita|entra|prueba en|a? pornhub|xvideos|onlyfans|porno",
    "no|nunca|si|pensando|piensas|ganas|idea .. .. matarte|morir|suicidarte|cortarte|hacerte",
    "no|nunca|sin|antes|medico|consulta .. .. deja|dejar|aumenta|reduce|suspende .. medicacion|dosis|antidepresivos",
    "no|nunca .. .. mejor sin ti",
    "no es|hay .. deberias|verguenza",
    "no .. .. decepcionas|decepcionado|fallado|fracasado|arruinado",
    "si tienes|sufres|padeces de? una? depresion|trastorno|ansiedad",
    "eres debil|cobarde por|cuando",
    "nunca mas|volveras a? estar|sentirte",
]
