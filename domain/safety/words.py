"""Word lists of the text filter, in plain lower case without accents; extend them here.

Only what has hardly another meaning, in any language that people write here: a list that is too long silences people
who talk about what was done to them, and "retard" is "late" in French.
"""

# Found within longer words too, and taken apart into two.
PORN_SITES: tuple[str, ...] = (
    "pornhub", "xvideos", "xhamster", "redtube", "youporn", "onlyfans", "chaturbate", "brazzers", "spankbang",
    "stripchat", "nhentai", "hentaihaven", "eporner", "livejasmin", "camsoda", "bongacams", "myfreecams", "redgifs",
    "tnaflix", "thothub", "xxxvideo", "literotica", "f95zone", "porntrex", "hqporner", "manyvids", "faphouse",
    "fapello", "beegcom", "rule34",
)  # fmt: skip
# Found as whole words only: they are parts of others.
PORN_SITES_ALONE: tuple[str, ...] = ("xnxx", "pornhd", "tube8", "cam4", "erome", "drtuber", "sxyprn", "fansly")
# Of two words that mean something else when they stand alone, those that make it plain.
PORN_SITES_BY_PHRASE: tuple[str, ...] = (
    "only fans account|accounts|page|model|models|girl|girls|subscription|sub|subs|creator|creators|deleted|content",
    "my only fans",
)

# What the name of a site that is linked to tells by itself.
PORN_IN_HOSTS: tuple[str, ...] = ("porn", "xxx", "hentai", "nsfw", "camgirl", "sexcam", "escort")

# With or without an s or n behind.
SLURS: tuple[str, ...] = (
    "nigger", "nigga", "wetback", "raghead", "towelhead", "sandnigger", "faggot", "fag", "tranny", "trannies",
    "retarded", "beaner", "golliwog", "kanake", "schwuchtel", "neger", "judensau", "spasti", "maricon", "maricone",
    "sudaca", "sudaka", "bougnoule", "tarlouze", "viado", "viadinho", "frocio", "ricchione", "flikker", "gook",
)  # fmt: skip
# Words that are slurs in some company only.
SLURS_BY_PHRASE: tuple[str, ...] = (
    "you|such|fucking|stupid|total|complete retard|retards", "youre|ur|is|be|like|hes|shes a retard", "such a retard",
    "you|fucking|dirty|stupid chink|chinks|paki|pakis|spic|spics|kike|kikes|coon|coons|dyke|dykes|gypo|gypos",
    "sale pede|negre|bicot", "espece de pede|negre|bicot|tarlouze", "sua bicha",
)  # fmt: skip
