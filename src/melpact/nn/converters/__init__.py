"""Networks that give a mel another voice, and one that says in numbers whose a mel is."""
