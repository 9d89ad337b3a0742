"""The proof of voice and singing conversion: what is converted to what, how it is listened to, and what that says together.

Sounds are made by the verb `conversion_suite`; nothing here converts.
"""
