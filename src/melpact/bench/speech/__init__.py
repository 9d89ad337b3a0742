"""The proof of speech: what is said, how it is listened to, what goes wrong how often, and what that says together.

Sounds are made by the verb `speech_suite`; nothing here speaks.
"""
