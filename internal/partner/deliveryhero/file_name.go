package deliveryhero

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/partner"
)

// The folders; their letters are not documented, so they are found in whatever
// ones (spelling: our choice).
const (
	folderBoth      = "Assortment"
	folderCatalog   = "Catalog"
	folderPromotion = "Promotion"
)

// The formats of a user's files, as the platform's pages name them
// (https://developer.foodpanda.com/en/documentation/catalog-sftp-use-cases, seen 2026).
const (
	formatSingle = "single" // catalogue and promotions in one file, of one outlet
	formatDouble = "double" // in a file each, of one outlet
	formatMulti  = "multi"  // in a file each, of several outlets
)

// fileFolders are the folders of a format.
func fileFolders(format string) []string {
	if format == formatSingle {
		return []string{folderBoth}
	}
	return []string{folderCatalog, folderPromotion}
}

// filePrefix is what the names of a user's files begin with.
func filePrefix(g partner.Grant) string { return g.Settings.TextOr(fieldPrefix, g.Shop) }

const fileSuffix = ".csv"

// outletOfFile finds the outlet that a file is about by its name; nil: the
// format's files are of several. Errors: refusedFile, which says which names
// are right.
func outletOfFile(c *chain, up *partner.Upload) (*vendor, error) {
	format := up.Grant.Settings.TextOr(fieldFormat, formatDouble)
	if folders := fileFolders(format); !slices.Contains(folders, up.Folder) {
		return nil, refusedFile(fmt.Sprintf("files of this user (format %s) go to %s, not to %s", format, strings.Join(folders, " and "), up.Folder))
	}
	prefix := filePrefix(up.Grant)
	if format == formatMulti {
		if up.Name == prefix+fileSuffix {
			return nil, nil
		}
		return nil, refusedFile("wrong name: a file of several outlets is called " + prefix + fileSuffix)
	}
	rest, begins := strings.CutPrefix(up.Name, prefix+"_")
	id, ends := strings.CutSuffix(rest, fileSuffix)
	if v := c.vendor(id); begins && ends && v != nil {
		return v, nil
	}
	return nil, refusedFile("wrong name: " + rightNames(c, prefix))
}

// rightNames says how files of one outlet are called.
func rightNames(c *chain, prefix string) string {
	if len(c.Vendors) == 0 {
		return fmt.Sprintf("a file is called %s_VENDOR%s, and the chain has no outlet yet", prefix, fileSuffix)
	}
	const most = 5
	var names []string
	for _, v := range c.Vendors[:min(most, len(c.Vendors))] {
		name := prefix + "_" + v.ID + fileSuffix
		if v.External != "" {
			name += " or " + prefix + "_" + v.External + fileSuffix
		}
		names = append(names, name)
	}
	if len(c.Vendors) > most {
		names = append(names, "…")
	}
	return "a file is called after its outlet: " + strings.Join(names, ", ")
}
