"""What goes wrong with mels, as data: one file per degradation, dosed and seeded. Who undoes them is not known here."""
