"""What people say when they are in danger, by language, and what only sounds like it. Data for the detector.

A phrase is words in a row, in plain lower case without accents and apostrophes (`plain`). `a|b` is either word, `a|b?`
may be missing, `stem*` is any word that begins so (five letters at least), `..` stands for up to three words of any
kind, `#` for a number of two digits or more. Letters may be doubled or not.

SAID is what is looked for. EXCUSED does not count, even though it holds a phrase of SAID: it covers its own words and
nothing after them. FILLERS are left out of what is read.

To extend a list: add lines to tests/safety/labelled.txt first, then the phrase.
"""
