package mail

import "strings"

// Written writes a mail down without sending it.
func Written(s *Server, m Message) (ok bool, text string) {
	msg, _, err := s.message(m)
	if err != nil {
		return false, ""
	}
	var b strings.Builder
	_, err = msg.WriteTo(&b)
	return err == nil, b.String()
}
