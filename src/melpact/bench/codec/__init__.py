"""The proof of codecs: how much is kept at how many bits, beside the codecs that everybody has.

Streams and sounds are made by the verb `codec_suite`; the table and its pages are pure.
"""
