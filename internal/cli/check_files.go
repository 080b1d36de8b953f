package cli

import (
	"maps"
	"slices"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
	"github.com/ordermux/ordermux/internal/sftp"
)

// fileUsers complains about SFTP users who could never log in.
func fileUsers(cfg *config.Config) (out []config.Complaint) {
	for _, id := range cfg.ShopOrder {
		doors := cfg.Shops[id].Doors
		for _, name := range slices.Sorted(maps.Keys(doors)) {
			p, _ := all.Find(name)
			for _, d := range doors[name] {
				if d.Of != sftp.Kind {
					continue
				}
				path := "shops." + id + ".doors." + name
				for _, text := range userFaults(p, d) {
					out = append(out, cfg.Complaint(path, "the user "+d.Name+" "+text))
				}
				if cfg.SFTP == nil {
					out = append(out, cfg.Complaint(path, "the user "+d.Name+" has nowhere to log in; add sftp: {listen: ...}"))
				}
			}
		}
	}
	return out
}

// userFaults says what is wrong with a user's ways to log in.
func userFaults(p partner.Partner, d config.Door) (out []string) {
	ways := 0
	for _, f := range config.DoorFields(p, sftp.Kind) {
		v := d.Settings[f.Name]
		if f.Secret && v.Secret.Set() {
			ways++
		}
		if f.Kind != partner.List {
			continue
		}
		for _, key := range v.List {
			ways++
			if fault := sftp.CheckKey(key); fault != "" {
				out = append(out, "can not log in by one of the "+f.Name+": it "+fault)
			}
		}
	}
	if ways == 0 {
		out = append(out, "has neither password nor key; give one")
	}
	return out
}
