package idosell

import (
	"errors"
	"strings"
	"time"
)

// checkDialect says what is wrong with a dialect's file.
func checkDialect(document string) (sentences []string) {
	_, err := readDialect(document)
	bad, ok := errors.AsType[*DialectError](err)
	if !ok {
		return nil
	}
	for _, f := range bad.Faults {
		sentences = append(sentences, sentenceOf(f))
	}
	return sentences
}

// mostLogin bounds logins, in bytes: an order's number begins with one.
const mostLogin = 100

// checkLogin refuses logins that no order's number can begin with.
func checkLogin(login string) []string {
	if len(login) > mostLogin || strings.TrimSpace(login) != login {
		return []string{"must be a login of at most 100 bytes, without blanks around it"}
	}
	return nil
}

// checkCountry refuses what is no code of ISO 3166-1 alpha-2 by its form.
func checkCountry(country string) []string {
	if len(country) != 2 || strings.Trim(country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return []string{"must be a country's two letters, such as PL"}
	}
	return nil
}

func checkHours(s string) []string {
	if _, ok := hoursOf(s); !ok {
		return []string{"must be a weekday and its hours, such as 1=08:00-16:00 for Monday"}
	}
	return nil
}

// hours are those of one weekday.
type hours struct{ weekday, opening, closing string }

// hoursOf reads "1=08:00-16:00"; false: it is of another form.
func hoursOf(s string) (h hours, ok bool) {
	day, span, ok := strings.Cut(s, "=")
	opening, closing, both := strings.Cut(span, "-")
	h = hours{strings.TrimSpace(day), strings.TrimSpace(opening), strings.TrimSpace(closing)}
	weekday := len(h.weekday) == 1 && h.weekday >= "1" && h.weekday <= "7"
	return h, ok && both && weekday && isTime(h.opening) && isTime(h.closing) && h.opening < h.closing
}

func isTime(s string) bool {
	_, err := time.Parse("15:04", s)
	return err == nil && len(s) == len("15:04")
}

// checkAnyCountry takes small letters too.
func checkAnyCountry(country string) []string { return checkCountry(strings.ToUpper(country)) }

func checkCourier(s string) []string {
	if _, ok := readCourier(s); !ok {
		return []string{"must be a way of delivery and the wholesaler's number of a courier, such as home=5"}
	}
	return nil
}

func checkTracking(s string) []string {
	if _, _, ok := readTracking(s); !ok {
		return []string{"must be a courier's number and a link, such as 5=https://tracking.example/" + parcelMark}
	}
	return nil
}

func checkEndpoint(s string) []string {
	if !strings.Contains(s, "{function}") || !strings.Contains(s, "{method}") {
		return []string{"must hold {function} and {method}"}
	}
	return nil
}

func checkZone(s string) []string {
	if _, err := time.LoadLocation(s); err != nil {
		return []string{"must be a time zone such as " + standardZone}
	}
	return nil
}
