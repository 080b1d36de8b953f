package deliveryhero

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Categories of our products are texts. Here each has an id that is made of its
// text, and "Drinks > Water" stands below "Drinks" (our choice).
const categorySign = " > "

// categoryID is the id of a category: of one that was made with an id of its
// caller's, that id.
func categoryID(chain, category string) string {
	if isUUID(category) {
		return strings.ToLower(category)
	}
	return namedUUID(chain, "category:"+category)
}

// lineage are a category and all above it, the highest first.
func lineage(category string) (list []string) {
	for i := 0; ; {
		at := strings.Index(category[i:], categorySign)
		if at < 0 {
			return append(list, category)
		}
		if i += at; i > 0 {
			list = append(list, category[:i])
		}
		i += len(categorySign)
	}
}

// tree is the categories as the platform shows them, in the sequence of their
// texts, those in between that no product names with them.
func tree(chain string, categories []string, onlyLeaves bool) []wireCategory {
	above := map[string]bool{} // what something stands below
	all := map[string]bool{}
	for _, category := range categories {
		line := lineage(category)
		for i, name := range line {
			all[name] = true
			above[name] = above[name] || i < len(line)-1
		}
	}
	names := make([]string, 0, len(all))
	for name := range all {
		if !onlyLeaves || !above[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	list := make([]wireCategory, len(names))
	for i, name := range names {
		line := lineage(name)
		list[i] = wireCategory{ID: categoryID(chain, name), Name: name}
		if n := len(line); n > 1 {
			list[i].Name = name[len(line[n-2])+len(categorySign):]
			list[i].Parent = categoryID(chain, line[n-2])
		}
	}
	return list
}

// listCategories is GET …/categories.
func (d *door) listCategories(a *asked) (answer, error) {
	leaves := false
	if text := a.URL.Query().Get("only_leaves"); text != "" {
		var err error
		if leaves, err = strconv.ParseBool(text); err != nil {
			return answer{}, badRequest("only_leaves: must be true or false")
		}
	}
	categories, err := d.counted.categories(a.Context(), d.deps.Catalog, a.chain.Shop, a.vendor.ID)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, wireCategories{tree(a.chain.ID, categories, leaves)}}, nil
}

// categoriesBelow are the texts of categories named by their ids, and of those
// below them.
func (d *door) categoriesBelow(a *asked, ids []string) (list []string, err error) {
	categories, err := d.counted.categories(a.Context(), d.deps.Catalog, a.chain.Shop, a.vendor.ID)
	if err != nil {
		return nil, err
	}
	asked := make(map[string]bool, len(ids))
	for _, id := range ids {
		asked[strings.ToLower(id)] = true
	}
	for _, category := range categories {
		for _, name := range lineage(category) {
			if asked[categoryID(a.chain.ID, name)] {
				list = append(list, category)
				break
			}
		}
	}
	return list, nil
}
