"""English sounds in ARPABET, the letters of the CMU Pronouncing Dictionary, from what espeak-ng says of them."""

from __future__ import annotations

_VOWELS = {
    "aɪ": "AY", "aʊ": "AW", "ɔɪ": "OY", "eɪ": "EY", "oʊ": "OW", "əʊ": "OW", "iː": "IY", "uː": "UW", "ɑː": "AA", "ɔː": "AO",
    "ɜː": "ER", "oː": "AO", "ɚ": "ER", "ɝ": "ER", "æ": "AE", "ɛ": "EH", "ɪ": "IH", "ʊ": "UH", "ʌ": "AH", "ə": "AH",
    "ɐ": "AH", "i": "IY", "ᵻ": "IH", "ɑ": "AA", "ɒ": "AA", "ɔ": "AO", "ɜ": "ER", "a": "AA", "e": "EH", "o": "OW", "u": "UW",
}  # fmt: skip
_CONSONANTS = {
    "tʃ": "CH", "dʒ": "JH", "p": "P", "b": "B", "t": "T", "d": "D", "k": "K", "ɡ": "G", "g": "G", "f": "F", "v": "V",
    "θ": "TH", "ð": "DH", "s": "S", "z": "Z", "ʃ": "SH", "ʒ": "ZH", "h": "HH", "m": "M", "n": "N", "ŋ": "NG", "l": "L",
    "ɹ": "R", "r": "R", "j": "Y", "w": "W", "ɾ": "T", "ʔ": "T", "x": "K", "ɫ": "L",
}  # fmt: skip
_STRESS = {"ˈ": "1", "ˌ": "2"}
_SYLLABIC = "\u0329"


def arpabet(ipa: str, *, spaces: bool = True) -> list[str]:
    """Symbols such as "HH", "AH0", "L", "OW1" of espeak-ng's sounds of American English; " " between words.

    What English does not have is left out.
    """
    found: list[str] = []
    stress, at = "0", 0
    while at < len(ipa):
        two, one = ipa[at : at + 2], ipa[at]
        if one in _STRESS:
            stress = _STRESS[one]
        elif one.isspace():
            if spaces and found and found[-1] != " ":
                found.append(" ")
        elif two in _VOWELS or one in _VOWELS:
            found.append(_VOWELS.get(two, _VOWELS.get(one, "")) + stress)
            stress = "0"
            at += two in _VOWELS
        elif two in _CONSONANTS:
            found.append(_CONSONANTS[two])
            at += 1
        elif one in _CONSONANTS:
            if ipa[at + 1 : at + 2] == _SYLLABIC:
                found.append("AH0")
            found.append(_CONSONANTS[one])
        at += 1
    return found[:-1] if found and found[-1] == " " else found
