package skeepers

import "github.com/ordermux/ordermux/internal/partner"

// sftpFields are those of the door's users of SFTP: kind sftp. At the vendor a
// shop makes such an account in the portal, which shows host, user name, path
// and password
// (https://help.rr.skeepers.com/hc/en-us/articles/4760405720604, seen 2026);
// keys are ours.
func sftpFields() []partner.Field {
	return []partner.Field{
		{Name: "sftp_user", Door: true, Of: "sftp", Kind: partner.Text, Required: true, Credential: true, Make: partner.MakeHex24,
			Description: "User name at the hub's SFTP server."},
		{Name: "sftp_password", Door: true, Of: "sftp", Kind: partner.Text, Secret: true, Password: true, Make: partner.MakeKey,
			Description: "Password of the user. None: he logs in by key."},
		{Name: "sftp_keys", Door: true, Of: "sftp", Kind: partner.List,
			Description: "Public keys of the user, each a line as ssh-keygen writes it into a .pub file."},
	}
}
