"""One plain typed function per user action; no printing, no parsing. What every user interface calls."""
