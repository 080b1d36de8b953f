package idosell

import (
	"maps"
	"regexp"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// reason is a specific reason, which is written in English, in a language.
// One that nobody has translated stays as it is.
func (l language) reason(text string) string {
	if l != polish {
		return text
	}
	if said, ok := reasons[text]; ok {
		return said
	}
	for _, p := range reasonPatterns {
		if m := p.english.FindStringSubmatch(text); m != nil {
			return strings.ReplaceAll(p.polish, "{}", l.part(m[1]))
		}
	}
	return text
}

// part is what varies in a reason: the beginning of a longer one, or a number.
func (l language) part(text string) string {
	if said, ok := reasons[text]; ok {
		return said
	}
	return text
}

// reasonPattern is a reason with a part that varies.
type reasonPattern struct {
	english *regexp.Regexp
	polish  string // with {} for the part
}

var reasonPatterns = []reasonPattern{
	{regexp.MustCompile(`^(.+) \(at byte [0-9]+\)$`), "{}"},
	{regexp.MustCompile(`^is longer than ([0-9]+) characters$`), "jest za długie; najwyżej znaków: {}"},
	{regexp.MustCompile(`^is longer than ([0-9]+) bytes$`), "jest za długie; najwyżej bajtów: {}"},
	{regexp.MustCompile(`^is none of (.+)$`), "dozwolone: {}"},
	{regexp.MustCompile(`^more than ([0-9]+) products$`), "za dużo towarów; najwyżej: {}"},
	{regexp.MustCompile(`^more than ([0-9]+) attachments or components$`), "za dużo załączników lub składników; najwyżej: {}"},
	{regexp.MustCompile(`^has more than ([0-9]+) cells$`), "ma za dużo kolumn; najwyżej: {}"},
	{regexp.MustCompile(`^(must be .+), not elements$`), "{}, nie elementy"},
	{regexp.MustCompile(`^charset (.+) is not accepted; send UTF-8$`), "kodowanie {} nie jest przyjmowane; proszę wysłać UTF-8"},
}

// reasons are those of the door, and of the readers of what comes to it.
var reasons = merged(doorReasons, valueReasons, xmlReasons, jsonReasons)

func merged(tables ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, t := range tables {
		maps.Copy(all, t)
	}
	return all
}

var doorReasons = map[string]string{
	"is missing": "brak",
	"is missing, and so are ordersSerialNumbers and ordersExternalIds": "brak, podobnie jak ordersSerialNumbers i ordersExternalIds",
	"is missing: the courier delivers to points":                       "brak: kurier dostarcza do punktów",
	"is empty":                         "jest puste",
	"is not a text":                    "to nie jest tekst",
	"is not a list":                    "to nie jest lista",
	"is not a whole number":            "to nie jest liczba całkowita",
	"is not a number from 0":           "to nie jest liczba od 0",
	"is not a number from 1":           "to nie jest liczba od 1",
	"is not above 0":                   "musi być większe od 0",
	"is not base64":                    "to nie jest base64",
	"is not a date such as 2026-04-07": "to nie jest data, np. 2026-04-07",
	"is not what this recipient has; leave it out, or change it by updateRecipients": "nie zgadza się z danymi odbiorcy; proszę pominąć albo zmienić przez updateRecipients",
	"is no country that is known here; please send its code of two letters":          "to nie jest znany tu kraj; proszę podać kod dwuliterowy",
	"stands beside products":                             "podano razem z products",
	"was used for another order":                         "użyto już dla innego zamówienia",
	"the stock could not be asked for; please try again": "nie udało się sprawdzić stanu; proszę spróbować ponownie",
	"is no row of CSV":                                   "to nie jest wiersz CSV",
	"holds no product":                                   "nie zawiera towaru",
	"holds no element":                                   "nie zawiera elementu",
	"can not be read":                                    "nie można odczytać",
	"is not well-formed XML in UTF-8":                    "to nie jest poprawny XML w UTF-8",
	"is not valid UTF-8":                                 "to nie jest poprawne UTF-8",
	"too many elements or attributes, or too deep":       "zbyt wiele elementów lub atrybutów albo zbyt głęboko",
	"more than one document":                             "więcej niż jeden dokument",
	"a document type is not accepted":                    "DOCTYPE nie jest przyjmowany",
	"processing instructions are not accepted":           "instrukcje przetwarzania nie są przyjmowane",
	partner.ErrBodyEncoding.Error():                      "Content-Encoding: dozwolone gzip albo brak",
	partner.ErrBodyGzip.Error():                          "treść nie jest poprawnym gzip",
	partner.ErrBodyBroken.Error():                        "treść została urwana",
}

// valueReasons are those of values of any source.
var valueReasons = map[string]string{
	order.ErrNotDecimal.Error():     "to nie jest zwykła liczba, np. 12.50",
	order.ErrExponent.Error():       "liczba z wykładnikiem nie jest przyjmowana",
	order.ErrNotFinite.Error():      "NaN i nieskończoność nie są liczbami",
	order.ErrTooManyDigits.Error():  "liczba może mieć najwyżej 64 cyfry",
	order.ErrRequired.Error():       "wymagane",
	order.ErrTextTooLong.Error():    "tekst jest za długi",
	order.ErrTooMany.Error():        "zbyt wiele elementów",
	order.ErrTooDeep.Error():        "zbyt głęboko zagnieżdżone",
	order.ErrControl.Error():        "znaki sterujące poza tabulatorem i końcami wierszy nie są przyjmowane",
	order.ErrUTF8.Error():           "to nie jest poprawne UTF-8",
	"must be a text":                "musi być tekstem",
	"must be a whole number":        "musi być liczbą całkowitą",
	"must be a number":              "musi być liczbą",
	"must be true or false":         "musi być true albo false",
	"must be a text in base64":      "musi być tekstem w base64",
	"must be an object":             "musi być obiektem",
	"must be an object, not a text": "musi być obiektem, nie tekstem",
	"must be a list":                "musi być listą",
}

var xmlReasons = map[string]string{
	"a fault is no call":                                      "błąd SOAP nie jest wywołaniem",
	"not XML: no element":                                     "to nie jest XML: brak elementu",
	"not a SOAP envelope":                                     "to nie jest koperta SOAP",
	"the envelope has no Body":                                "koperta nie ma Body",
	"no call in it":                                           "brak wywołania",
	"more than one call":                                      "więcej niż jedno wywołanie",
	"XML ends too early":                                      "XML urywa się",
	"only XML 1.0 is accepted":                                "przyjmowany jest tylko XML 1.0",
	"not an XML declaration":                                  "niepoprawna deklaracja XML",
	"text outside of the envelope":                            "tekst poza kopertą",
	"text beside elements":                                    "tekst obok elementów",
	"a second element beside the envelope":                    "drugi element obok koperty",
	"an end tag without its start":                            "znacznik końcowy bez początkowego",
	"an end tag does not fit its start":                       "znacznik końcowy nie pasuje do początkowego",
	"an attribute stands twice":                               "atrybut podano dwa razy",
	"an id stands twice":                                      "id podano dwa razy",
	"not a well-formed tag":                                   "niepoprawny znacznik",
	"not the name of an element":                              "niepoprawna nazwa elementu",
	"too many attributes":                                     "zbyt wiele atrybutów",
	"a CDATA section does not end":                            "sekcja CDATA nie kończy się",
	"& in a text must be escaped":                             "znak & w tekście trzeba zapisać jako &amp;",
	"stands twice, and is no list":                            "podano dwa razy, a nie jest listą",
	"refers to itself":                                        "odwołuje się do siebie",
	"refers to what is not in the message":                    "odwołuje się do czegoś, czego nie ma w wiadomości",
	"references make this too large or too deep":              "odwołania czynią to zbyt dużym lub zbyt głębokim",
	"a document type or other declaration is not accepted":    "DOCTYPE ani inne deklaracje nie są przyjmowane",
	"a processing instruction is not accepted":                "instrukcje przetwarzania nie są przyjmowane",
	"an entity that XML itself does not know is not accepted": "encje spoza samego XML nie są przyjmowane",
}

var jsonReasons = map[string]string{
	"JSON value ends too early or is missing":         "brak JSON lub JSON urywa się",
	"JSON value ends too early":                       "JSON urywa się",
	"data follows the JSON value":                     "po JSON następują dalsze dane",
	"this name stands twice in one object":            "nazwa występuje dwa razy w jednym obiekcie",
	"the name of a member must be a string":           "nazwa pola musi być tekstem",
	"a colon is missing after a name":                 "po nazwie brakuje dwukropka",
	"NaN and infinity are not JSON numbers":           "NaN i nieskończoność nie są liczbami JSON",
	"not a JSON escape sequence":                      "niepoprawna sekwencja ucieczki JSON",
	"a control character in a string must be escaped": "znak sterujący w tekście trzeba zapisać sekwencją ucieczki",
	"not a JSON number":                               "to nie jest liczba JSON",
	"not valid JSON":                                  "to nie jest poprawny JSON",
}
