package idosell

import "strings"

// language is that of the texts of faults.
type language int

// The languages; English where a caller wants another.
const (
	english language = iota
	polish
)

// languageOf reads the lang parameter of a call: "pol", "pl", "eng"…
func languageOf(lang string) language {
	if strings.HasPrefix(strings.ToLower(lang), "pl") || strings.HasPrefix(strings.ToLower(lang), "pol") {
		return polish
	}
	return english
}

// of is the text of a code.
func (l language) of(c faultCode) string { return faultTexts[c][l] }

var faultTexts = map[faultCode][2]string{
	codeOK:              {"", ""},
	codeLogin:           {"login failed: wrong login or key", "błąd logowania: nieprawidłowy login lub klucz"},
	codeEmpty:           {"nothing found", "nic nie znaleziono"},
	codeSession:         {"sessionKey is missing or unknown", "brak sessionKey lub klucz jest nieznany"},
	codeExpired:         {"sessionKey expired", "sessionKey wygasł"},
	codeDropshippingKey: {"dropshippingKey is missing or wrong", "brak dropshippingKey lub klucz jest nieprawidłowy"},
	codeSwitchedOff:     {"dropshipping orders are not accepted", "przyjmowanie zamówień dropshippingowych jest wyłączone"},
	codeTooLarge:        {"the request is larger than 10 MB", "żądanie jest większe niż 10 MB"},
	codeMalformed:       {"the request is malformed", "nieprawidłowe żądanie"},
	codeTooMany:         {"at most 100 elements", "najwyżej 100 elementów"},
	codeProduct:         {"unknown product", "nieznany towar"},
	codeStock:           {"not enough in stock", "niewystarczający stan magazynowy"},
	codeBasket:          {"the basket is empty or has changed", "koszyk jest pusty lub zmienił się"},
	codeCourier:         {"the courier is unknown or does not serve this basket and address", "kurier jest nieznany lub nie obsługuje tego koszyka i adresu"},
	codeAddress:         {"the recipient's address is incomplete", "adres odbiorcy jest niepełny"},
	codeRecipient:       {"unknown recipient", "nieznany odbiorca"},
	codeOrder:           {"unknown order", "nieznane zamówienie"},
	codeInternal:        {"internal error; please try again", "błąd wewnętrzny; proszę spróbować ponownie"},
}

// say is a sentence that no code has.
func (l language) say(s sentence) string { return sentences[s][l] }

// sentence is one of those.
type sentence int

// The sentences.
const (
	sayNoMethod sentence = iota
	sayNotAllowed
)

var sentences = map[sentence][2]string{
	sayNoMethod:   {"unknown gate or method", "nieznana bramka lub metoda"},
	sayNotAllowed: {"allowed here", "dozwolone"},
}
