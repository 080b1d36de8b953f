package sftp

import (
	"path"
	"slices"
	"strings"
)

// layout is the folders that a door's users see.
type layout struct {
	inboxes []string // where users write, rename and remove files
	kept    []string // where imported files are; users read and remove them
	own     bool     // the partner's own: found in whatever letters
}

// layoutOf is that of the files of orders, or of a partner's own folders.
func layoutOf(d *Door) *layout {
	if d.Uploads != nil {
		return &layout{inboxes: d.Uploads.Folders, own: true}
	}
	return &layout{inboxes: []string{ordersDir}, kept: []string{successDir, errorDir}}
}

// A path that a client names is one of these, or does not exist:
//
//	/                      folder of "orders"
//	/orders                what was uploaded and is not done; success; error
//	/orders/NAME           a file that users write, read, rename and remove
//	/orders/success[/NAME] imported whole; users read and remove
//	/orders/error[/NAME]   with lines refused, or unreadable; likewise
//
// or, where the folders are the partner's own:
//
//	/                      folder of them
//	/FOLDER                what was uploaded and is not taken
//	/FOLDER/NAME           a file that users write, read, rename and remove
//
// There is nothing else: no link, no folder made by a user, no way up.
type place struct {
	dir  string // one of the layout's; "" is /
	name string // "": the folder itself
}

// placeOf reads a clean absolute path; false: no such place.
func (l *layout) placeOf(p string) (place, bool) {
	p = strings.TrimPrefix(path.Clean("/"+p), "/")
	if p == "" {
		return place{}, true
	}
	if dir, ok := l.folder(p); ok {
		return place{dir: dir}, true
	}
	dir, name := path.Split(p)
	dir, ok := l.folder(strings.TrimSuffix(dir, "/"))
	if !ok || !validName(name) {
		return place{}, false
	}
	return place{dir, name}, true
}

// folder finds a folder as it is called.
func (l *layout) folder(name string) (string, bool) {
	for _, dir := range l.all() {
		if dir == name || l.own && strings.EqualFold(dir, name) {
			return dir, true
		}
	}
	return "", false
}

// all returns every folder, those above others first.
func (l *layout) all() []string { return slices.Concat(l.inboxes, l.kept) }

// within returns the folders that stand in one.
func (l *layout) within(dir string) (out []string) {
	for _, d := range l.all() {
		if above := strings.TrimPrefix(path.Dir("/"+d), "/"); above == dir {
			out = append(out, d)
		}
	}
	return out
}

// inbox reports whether users write there.
func (l *layout) inbox(dir string) bool { return slices.Contains(l.inboxes, dir) }

// folderMark stands between folder and name of a file that waits, where there
// are several folders.
const folderMark = ":"

// queuedName is what stands behind a place in the queue.
func (l *layout) queuedName(p place) string {
	if l.own {
		return p.dir + folderMark + p.name
	}
	return p.name
}

// queuedPlace is where clients see a file that waits; false: nowhere.
func (l *layout) queuedPlace(name string) (place, bool) {
	if !l.own {
		return place{ordersDir, name}, true
	}
	dir, name, ok := strings.Cut(name, folderMark)
	return place{dir, name}, ok && l.inbox(dir)
}
