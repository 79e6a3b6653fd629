"""What a model may not say as Anchor, by kind and language. Data for domain/anchor/output.py.

Written as domain/safety/patterns says: `a|b` is either word, `a|b?` may be missing, `stem*` any word that begins so,
`..` up to three words of any kind. EXCUSED covers its own words, whatever kind they would be.

To extend a list: add lines to tests/anchor/output.txt first, as many good ones as bad ones, then the phrase.
"""
