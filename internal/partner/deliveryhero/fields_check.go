package deliveryhero

import (
	"encoding/hex"
	"strconv"
	"strings"
)

func checkUUID(s string) []string {
	if !isUUID(s) {
		return []string{"must be a UUID such as c0de0000-0000-4000-8000-000000000001"}
	}
	return nil
}

// isUUID reports whether a text has the form of a UUID, in whatever letters.
func isUUID(s string) bool {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	_, err := hex.DecodeString(s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:])
	return err == nil
}

func checkCountry(s string) []string {
	if len(s) != 2 || strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz") != "" {
		return []string{"must be a country's two letters, such as uy"}
	}
	return nil
}

// mostVendorID bounds an outlet's id, in characters (our choice): it stands in
// paths, file names and keys.
const mostVendorID = 64

// checkVendor refuses what could not stand in a path, a file's name or a comma
// list, and the words that mean every outlet.
func checkVendor(s string) []string {
	switch {
	case len(s) > mostVendorID:
		return []string{"must have at most " + strconv.Itoa(mostVendorID) + " characters"}
	case s == "*" || strings.EqualFold(s, "all"):
		return []string{"means every outlet where ids are listed; choose another"}
	case s == "." || s == ".." || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`/\,;"*`, r) }):
		return []string{"must be plain letters, digits and signs, without blanks, slashes, commas and the like"}
	}
	return nil
}

func checkCount(s string) []string {
	if n, err := strconv.ParseInt(s, 10, 64); err != nil || n < 0 || n > 1_000_000_000 {
		return []string{"must be a whole number from 0 to 1000000000"}
	}
	return nil
}

// checkHeader takes names of headers, but for those that would break the
// request.
func checkHeader(s string) []string {
	token := s != "" && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
	switch strings.ToLower(s) {
	case "host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "expect", "upgrade", "trailer", "te":
		token = false
	}
	if !token {
		return []string{"must be the name of a header, such as Authorization or X-Webhook-Secret"}
	}
	return nil
}

func checkHours(s string) []string {
	if _, ok := hoursOf(s); !ok {
		return []string{"must be a weekday and its hours, such as 1=08:00-16:00 for Monday"}
	}
	return nil
}
