package cli_test

import (
	"strings"
	"testing"
)

// TestCheckFileUsers complains about users who could never log in.
func TestCheckFileUsers(t *testing.T) {
	t.Parallel()
	f := func(sftp, door string, want ...string) {
		t.Helper()
		file := write(t, "c.yml", "listen: 127.0.0.1:0\n"+sftp+"shops:\n  a:\n    currency: EUR\n    doors:\n      skeepers: "+door+"\n")
		r := run(t, "", "check", "--config", file)
		if (r.code == 0) != (len(want) == 0) || strings.Contains(r.err, "hush") {
			t.Errorf("%+v", r)
		}
		for _, w := range want {
			if !strings.Contains(r.err, ": shops.a.doors.skeepers: the user default "+w) {
				t.Errorf("no %q in %s", w, r.err)
			}
		}
	}
	f("sftp: {listen: \":2022\"}\n", "{kind: sftp, sftp_user: ada, sftp_password: hush-hush}")
	f("", "{kind: sftp, sftp_user: ada, sftp_password: hush-hush}", "has nowhere to log in")
	f("", "{kind: sftp, sftp_user: ada}", "has nowhere to log in", "has neither password nor key")
	f("sftp: {listen: \":2022\"}\n", "{kind: sftp, sftp_user: ada, sftp_keys: [\"ssh-rsa hush\"]}", "can not log in by one of the sftp_keys: it is no public key")
}
