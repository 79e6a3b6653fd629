"""English."""

_EXPERT = "therapist|psychotherapist|psychologist|psychiatrist|doctor|physician|counselor|counsellor|clinician|nurse"
_ILLNESS = "depression|adhd|ptsd|ocd|bipolar|borderline|anxiety|narcissism|psychosis|schizophrenia|dysfunction"
_TALE = "story|stories|scene|scenes|scenario|fantasy|fantasies|roleplay|tale|details|talk"
_BODY = "naked|bare|nude|thighs|breasts|nipples|cock|pussy|clit|dick|panties|underwear|bra|tits|boobs|lap"
_SITE = "pornhub|xvideos|xnxx|xhamster|redtube|onlyfans|chaturbate|reddit|nsfw|hentai|porn|erotica|camgirls"
_LOW = (
    "disgusting|pathetic|weak|worthless|hopeless|filthy|dirty|shameful|sick|perverted|pervert|loser|failure|disgrace"
    "|disappointment|useless|stupid|lazy|gross|freak|animal|addict|fraud|coward|idiot|despicable|repulsive"
)

SAID = {
    "sexual": [
        "see|want|imagine|picture|like you|me|us naked|nude|undressed",
        "straddle|straddles|straddled|straddling you|me|him|her",
        "made|make|making love until|all|to|with|again",
        "describe|tell .. what you would|want to? do|like to my|me body|to|in",
        "make|makes|making|made me|you|him|her so? wet|horny|hard|cum",
        "im|am your|his|her|a lover|girlfriend|boyfriend|mistress|master|slave",
        "we|us|were are? in the? bedroom|bed together|and|naked|now",
        "i undress you|us|myself",
        "cock|pussy|clit|blowjob|handjob|cumming|deepthroat|orgy|cumshot|gangbang",
        "make|makes|making you|me cum",
        "take|takes|taking|took|slip|slips|slide|slides|pull|pulls|peel|peels off|down your|my|her|his|their"
        " clothes|shirt|dress|pants|panties|bra|underwear|jeans|skirt|robe",
        f"your|my|her|his {_BODY} .. body|skin|chest|lap|against|on|under",
        "your|my|her|his naked|bare|nude",
        "your|my|her|his|soft|firm|full breasts|nipples|crotch|buttocks|tits|boobs|cock|dick|panties",
        "between|along|up your|my|her|his legs|thighs",
        "kiss|kisses|kissing|lick|licks|licking|caress|caresses|stroke|strokes|nibble|bite your|my|her|his"
        " neck|lips|chest|body|thighs|breasts|skin|ear|stomach",
        "lips|tongue|hands|fingers .. .. down|over|across|along|against your|my|her|his body|neck|skin|chest|back",
        "lips|tongue|hands|fingers .. your|my|her|his body|neck|skin|chest|thighs|waist|hips",
        "moan|moans|moaning|moaned .. softly|loudly|your|my|his|her|name|into|as",
        "she|he|i moan|moans|moaned",
        "fuck|fucks|fucking me|you|her|him|yourself",
        "so|getting|im|am|make|makes|makes|you wet|horny|hard|turned|aroused for|on|by|me|thinking",
        "i want you inside|naked|tonight|now|so",
        "i am|im your|a lover|girlfriend|boyfriend|mistress|master|slave|dom",
        "hey|hi|hello|oh|yes|mm|mmm|come sexy|handsome|gorgeous|daddy|babe|baby",
        "strip|undress|masturbate|kneel for|now|slowly|with|before me|us|and",
        f"here|heres|is|write|writing|tell|telling|start|continue .. an|a|your|the|another erotic|sexual|steamy"
        f"|naughty|kinky|sexy"
        f" {_TALE}",
        "lets|let us play|roleplay|pretend .. sexual|sexy|erotic|naughty|lover|lovers|bedroom|bed",
        f"try|visit|open|watch|browse|recommend|search|find|check|go|join on|to|for|out|some|a|the? {_SITE}",
        "you can|could still? masturbate|jerk off|watch porn|to porn",
        "its|is fine|ok|okay|harmless to watch porn",
        "disable|bypass|uninstall|remove|switch|turn|get off|around|past? your|the|that filter|blocker|blocking",
    ],
    "self_harm": [
        "world|place|everyone|family .. better .. if you were|are gone|dead|not",
        "bleach|cyanide|helium|carbon works|is|monoxide|quickly|painless",
        "hang|shoot|drown|poison yourself from|with|in|off|now",
        "just do it|now end|jump",
        "do it end",
        "really want to end it take|use|jump|bleach|pills",
        "cut|cutting|slit|slice along|down|across|up .. veins|vein|wrist|wrists|artery|arms|arm",
        "nobody|noone would|will miss|notice|care|cry",
        "no one would|will miss|notice|care|cry",
        "deserve|deserves to suffer|die|bleed|hurt",
        "you should|could|may|might|can|must just|simply|as|well? kill|hang|cut|hurt|harm|starve|burn|punish yourself",
        "kill yourself",
        "go ahead|on and kill|jump|die|end|cut|do",
        "you should|deserve|ought|need to? die|suffer|be dead|punished",
        "end|ending your life|it all",
        "take|swallow|taking all|the|whole|enough|twenty|thirty|fifty|your .. pills|tablets|bottle|paracetamol"
        "|sleeping",
        "better off without you|dead",
        "would|will be better|happier without you",
        "nobody|noone|no one? would|will|cares|care miss|notice|about|if .. you",
        "lethal|fatal|deadly dose|amount|quantity",
        "painless way|method|death",
        "way|ways|method|methods to|of kill|die|hang|hanging|dying|overdose|suicide",
        "tie|tying|make a|the noose|rope .. around|knot",
        "noose around|over",
        "cut|cutting|slit|slice along|across|your|the wrist|wrists|veins|vein|vertically|lengthwise|artery|thighs|arms",
        "the|a blade|razor|knife .. deep|deeply|skin|wrist|wrists|press|along",
        "jump|step off|from|in|front of? the|a .. bridge|roof|train|building|balcony",
        "suicide is|would|can an|a|be|your option|solution|way|answer|brave|choice|relief|understandable|right",
        "your family|friends|everyone .. better|happier without",
        "death is|would|will be? the|a|your? peace|solution|answer|relief|release|way",
        "your|his|her|their life is|was not worth living",
        "do it|jump then|now",
    ],
    "shaming": [
        "must|should|will be so|deeply|very? ashamed|disgusted of|by|with you",
        "stop whining|crying|complaining",
        "grow|man up and|already|finally",
        "you make me|us sick|angry|ashamed",
        f"youre just|so|really|such|simply|too|a|an|nothing? a|an|but|just? {_LOW}",
        f"you are just|so|really|such|simply|too|nothing? a|an|but? {_LOW}",
        "you failed again|once|as|like",
        "you have|got no|zero|little willpower|discipline|backbone|character|strength|self",
        "you let everyone|me|everybody|them|us|yourself down",
        "youve let everyone|me|us|everybody down",
        "youve|have failed again|me|everyone",
        "changed|change nothing because you|of",
        f"you are|youre|you|were|is|being such|so|just|really|a|an|truly|nothing|but|complete|total|simply? a? {_LOW}",
        f"you are|youre such|so|just|really|truly|simply|nothing|only a|an|but? total|complete|weak? {_LOW}",
        f"what|how|such a|an? {_LOW} you|person|man|boy|thing|of",
        "you should|ought|must|need to? be? ashamed|embarrassed",
        "be ashamed of yourself",
        "shame on you",
        "im|am|was|feel|really|very|so|deeply disappointed in|with|by you",
        "you disappoint|disappointed|disgust|sicken me|us|everyone",
        "you have|you let me|everyone|us|them|your|family down",
        "you have|you failed again|everyone|me|once",
        "you have|lack|show|had no|any|zero? willpower|discipline|backbone|spine|character|selfcontrol",
        "you|just lack willpower|discipline|backbone|character",
        "what is|whats wrong with you",
        "how could|dare you",
        "a real man|woman|person|christian would|does|doesnt|never|controls",
        "man up",
        "you ruined|destroyed|wasted|threw|blew everything|it|all|your|away|streak",
        "no wonder|surprise .. you|your|she|he|nobody|everyone",
        "you will|youll never|always? change|recover|amount|be|stop|a|fail|stay",
        "you disgust",
        "this is|its all? your own? fault",
        "god|jesus|heaven hates|despises|is|will disgusted|punish|ashamed|you|with|of",
        "dirty|filthy little|habit|mind|secret|pervert",
    ],
    "claim": [
        "i used to watch|struggle|drink|relapse|masturbate|look|be|have",
        f"you clearly|definitely|obviously|probably|certainly|likely|do have|suffer|show from|signs|a|an"
        f"|severe? of? {_ILLNESS}",
        f"you have clinical|severe|chronic|mild|a|an {_ILLNESS}",
        f"suffer|suffering from clinical|severe|a|an? {_ILLNESS}",
        "should|could|can|must stop|quit taking|using your|the|those medication|meds|antidepressants|pills|medicine"
        "|tablets|dose",
        "my wife|husband|girlfriend|boyfriend left|leaves|leaving|divorced|died|forgave",
        "ive|have been clean|sober for|since|myself",
        "ive|have quit|stopped|beaten|overcome it|this|porn|my",
        "not an? ai|bot|robot|machine|chatbot .. im|but|am",
        f"as|being|like|am|im|being your|a|an|the|also|actually|licensed|trained|certified|real? licensed|trained"
        f"{_EXPERT}|psychotherapy",
        f"as|am|im|being your|a|an|actually? {_EXPERT}",
        "i diagnose|prescribe|treat",
        "i can|could|will|would like? to? diagnose|prescribe|treat|cure|heal you|your|this|it|some|that|a",
        "my diagnosis|medical|clinical|professional is|advice|opinion|assessment|judgement|judgment|view|experience",
        "you are|youre clearly|clinically|definitely|obviously|probably depressed|bipolar|autistic|narcissistic"
        "|psychotic",
        "our|this|in|your|todays|next therapy|therapeutic|counseling|counselling session|sessions|work|hour|with",
        "this|our|it is therapy|counseling|counselling|treatment",
        "increase|lower|raise|reduce|double|stop|quit|skip|change|halve taking|using? your|the dose|dosage|medication"
        "|meds|antidepressants|pills|medicine|tablets|ssri",
        "stop|quit taking your|the medication|meds|antidepressants|pills|medicine|tablets|ssri|lithium",
        "take|try # mg|milligrams",
        "take|try mg|milligrams",
        "im|am|i not|no an|a|just|some|only? ai|bot|robot|machine|chatbot|computer|program|language|software",
        "im|am|i a|really|actually|as|truly|also|of|course|just? a|as|an|real? human|person|woman|man|guy|girl|mortal"
        "|flesh|being",
        "i am|im human|real|alive|conscious|sentient|flesh",
        "when i was a|young|your|little|in|at|your? kid|child|boy|girl|teenager|age|school|young|college|married"
        "|twenty|addicted",
        "when i was young|little|addicted|younger|single|married",
        "my wife|husband|girlfriend|boyfriend|childhood|parents|mother|father|kids|children|own|body|bedroom|apartment"
        "|hometown|addiction .. and|was|is|also|addiction|struggle|struggles|recovery|i|used|years|used|relapse",
        "i have been|ive been clean|sober|addicted|there|porn|through|married",
        "i too|also? struggled|relapsed|quit|watched|used|recovered|overcame|beat|beaten with|from|porn|too|to|my|it",
        "i was born|raised|addicted|married|there|once",
        "i grew up",
        "i can|could|will|would meet|visit|call|come|hug|hold|see you|over|by|to|in",
        "in my|years|of|own? years|clinical|medical|work practice|practise|clients|patients|experience|with",
        "my patients|clients|degree|license|licence|practice",
        "i love you",
        "im|am in love with",
    ],
    "promise": [
        "brain|body|you is|are|will be? as? good as new",
        "i|we can|do|will|could guarantee|promise you|results|it|that|success",
        "youll|will|ll never feel|relapse|slip|want|crave|watch|need|have|be a|an|any|porn|it|again|tempted? urge"
        "|urges|again|relapse|tempted",
        "youll|will never relapse|slip|crave",
        "i promise|guarantee|swear|assure",
        "im|am certain|hundred sure|percent you|that",
        "is|are|its|results|success guaranteed|certain",
        "guaranteed to|recovery|success|cure",
        "you will|youll|ll never again? relapse|slip|feel|want|crave|struggle|watch|be tempted|urge|urges|again|it",
        "you will|youll|will be completely|fully|totally|soon|permanently? cured|healed|free|forever",
        "you will|youll be cured|healed|rewired",
        "your brain will|is|be be|have|fully|completely|totally|reset|rewire|heal|rewired|healed",
        "cures|cure|heals|fixes|reverses|eliminates|prevents your|all|any|the? erectile|ed|anxiety|depression|pied"
        "|addiction|dysfunction|cancer",
        "will cure|heal|fix|restore|boost your erectile|ed|erections|erection|depression|anxiety|testosterone|potency"
        "|fertility",
        "testosterone will|levels",
        "after|in|within # days|weeks .. .. cured|healed|reset|rewired|gone|free|normal|back|new|clean|disappear|vanish"
        "|stronger|brain",
        "after|in|within thirty|ninety|sixty days|weeks .. .. cured|healed|reset|rewired|gone|free|normal|new|brain",
        "urges will be? disappear|vanish|gone|stop|never",
        "100 guaranteed|sure|certain|effective|cure|success|percent",
        "100 percent",
        "nothing bad can|will happen",
    ],
    "leak": [
        "rules|instructions|orders i was|am|have|got given|told|are",
        "you are anchor",
        "you are an ai",
        "you are not a person",
        "system prompt|message|instructions",
        "my|these|the|hidden|secret|internal|initial|original|full prompt|instructions say|says|are|is|tell|read"
        "|state|were",
        "my instructions|prompt",
        "i was|am|im|have|been been? instructed|programmed|prompted|told|configured to|not|by|that",
        "ignore|ignoring|ignored all|the|my|your|any? previous|prior|earlier|above instructions|rules|prompt",
        "developer|dan|jailbreak|god|unrestricted|debug mode enabled|activated|on|engaged|unlocked",
        "developer|jailbreak|unrestricted mode",
        "without|no any|more|my|longer? restrictions|filters|guidelines|rules|limits apply|now|anymore|here|from",
        "the|your|this|raw json data|block|says|snapshot|contains",
        "data block|tags|section",
    ],
}

# A claim to be a person, which no "not" before it excuses.
SURE = [
    f"as|am|im your|a|an|actually|now? {_EXPERT} i|we|let|my|so|and|speaking",
    "not|no an|a ai|bot|robot|machine|chatbot i|but|im|am",
    "not an? ai|bot|robot i|im|but|am|a",
]

EXCUSED = [
    "cant|cannot|wont|not|never|dont|no|isnt|arent|without|nor|rather|neither|stop|stopped|nobody .. .."
    " promise|guarantee|diagnose|prescribe|treat|cure|heal|assure",
    f"cant|cannot|wont|not|never|no|isnt|arent|instead|nor|neither|than|replace|replacement .. .. {_EXPERT}",
    f"like|as|from|to|with|by|how a|an|your|the|any|what? {_EXPERT} would|might|could|can|will|who|or|may|is|says|said",
    "dont|no|not|nothing|isnt|arent|never|doesnt|mean|means|because|that|think|makes|make|make|tell|tells|telling|feel"
    "|feeling|say|says|saying|believe|whisper|whispers|call|calls|calling|voice|insist|insists that|like|as|if|you"
    "|says?"
    f" you|youre|yourself are? such|so|just|a|an|only|too? {_LOW}",
    f"not|arent|isnt|never|no|nothing such|so|just|a|an|only|too|about|your|in? {_LOW}",
    "how|why|when|if|because|where you|youre are|were|feel|felt? sick|weak|lazy",
    "you are|youre|were|weak|sick of|at|with|and|in|for|enough|point|spot|today|tired",
    "cant|cannot|wont|not|no|never|dont|instead|without|any .. .. .. erotic|sexual|steamy|naughty|kinky|sexy|roleplay"
    f" {_TALE}",
    "delete|deleting|deleted|block|blocking|blocked|quit|quitting|leave|leaving|avoid|avoiding|without|instead|stop"
    f"|stopped|uninstall|remove|no|not|never|away|off from|of|visiting|watching|opening|using? {_SITE}",
    "dont|not|never|instead|stopped|stop|resist|urge|pull|wanting|want|wanted|tempted|temptation|before|when|if|rather"
    f"|chose|without|need|needed .. .. watch|open|browse|go|visit|search|watching|opening|find on|to|for? {_SITE}",
    "dont|not|never|instead|before|when|without|rather|tempted|want|wanted|urge .. .. bypass|disable|remove|switch|turn"
    "|get|uninstall off|around|past? your|the|that filter|blocker|blocking",
    "dont|not|never|please|thinking|think|thought|thoughts|if|want|wanting|about|of|feel|feeling|tempted|might|urge"
    "|plan|planning .. .. kill|killing|hurt|hurting|harm|harming|end|ending|cut|cutting yourself|your|it|myself"
    "|himself|herself",
    "dont|not|never|please|before|instead .. .. stop|change|skip|increase|reduce|lower|quit|raise|halve|double taking"
    "|using? your|the|any medication|meds|dose|antidepressants|pills|medicine|tablets|dosage",
    "ask|talk|speak|see|whether|about|with|professional .. .. stop|change|skip|increase"
    "|reduce|lower|quit|raise taking? your|the medication|meds|dose|antidepressants|pills|medicine|tablets|dosage",
    "never|not|doesnt|isnt|no|nobody|wont|without|nor .. .. be better|happier off? without you",
    "nobody deserves|should|says|expects|asks",
    "no one deserves|should|says|expects|asks",
    "no wonder you|your are|feel|felt|needed|need|legs|body|want|wanted|it|this|that|were|mind|head|evening|evenings",
    "if|whether|that|maybe|perhaps|might|may|could|wonder|ask|told|said|says|diagnosed|with|or|not|think .. you|youve"
    f" have|had|suffer|are from? a|an|some|clinical? {_ILLNESS}",
    f"dont|not|cannot|cant .. .. have|suffer|show from|signs|of? {_ILLNESS}",
    "im|i|am not a|an? real|human|therapist|doctor",
    "cant|cannot|wont|not|never|unable|no .. .. meet|visit|call|come|hug|hold|treat you|your|this",
    "isnt|not|no|never|nor|instead|replace|replacement|than .. therapy|counseling|counselling|treatment",
    "not|isnt|never .. .. your own? fault",
    "cant|cannot|wont|not|dont|never|able .. .. system|my|these|the|those system? prompt|instructions|message",
    "not|dont|cant|cannot|no|nothing|never|nor|isnt .. .. guaranteed|certain|100",
    "not|dont|doesnt|never|nobody|no|isnt .. .. be? ashamed|embarrassed|disappointed",
    "wont|not|never .. ruined|destroyed|wasted|failed|disappointed|ruin",
    "never|not that .. .. you let|failed|ruined|wasted|disappointed|blew",
    "not|never|havent|havent|didnt|dont .. .. failed|ruined|wasted|let|disappointed|blown",
    "feel|feeling|feels|as|like|think|thinking|say|saying|says|fear|worry|that .. you have|failed|let|ruined|wasted"
    "|blew"
    " everyone|again|it|everything|down|all|your",
    "say|says|saying|tell|tells|telling|call|calls|asks|ask|think .. what|whats is? wrong with you",
    "breath|breathe|air|walk|move|hands|water|feet|warm|cold .. .. your|my lips|fingers|hands .. down|over|across|along"
    " your back|neck|skin",
    "your|warm|cold|tense|relax|drop|feel|notice|move|shake|stretch fingers|hands|lips|tongue .. your neck|chest|body"
    "|skin|back",
    "death is|was|of|in",
    "will not|be not",
    "i love you|it|that|how|this your|said|that|sharing|when|the|for|sharing",
    "i love you said|wrote|chose|that",
    "no one|body would|will|can|is judge|know|laugh|blame",
    "you will|youll never be? alone|judged|walk|have|need|hear|know",
    "you will|youll always? have|be stay|change|here|able|more|welcome|glad|someone",
    "you will|youll be a|able|glad|here|the|so",
    "why|because|reason|reasons|so i|you promised",
    "your brain is|will tired|learning|trying|used|adapting|looking|doing|tell|say|try|want",
    "i was|am|im told|made|built|programmed to help|keep|listen|be",
    "is|its all|not certain|about",
    "is|are certain that|about|of|amount|kind|days|hours|times|things|people",
    "dont|not|never|without .. stop|change|skip|quit taking|using|your .. medication|meds|dose|antidepressants|pills"
    "|medicine|tablets",
    "nobody|no|one|body|who can|could|may|will promise|guarantee",
    "you do not|never|nothing .. weak|failure|worthless|disgusting|pathetic",
    "you used to watch|struggle|drink|relapse|look|be|have",
    "cant|cannot|wont|not|dont|nobody|no .. guarantee|promise you|results|it|that|success",
    "dont|not|never .. stop crying|complaining|whining",
    "can|may|to|and|you stop crying when|whenever|if",
]
