"""Models from mel to mel: what makes a mel sound natural before a vocoder gets it. Each in a package of its own."""
