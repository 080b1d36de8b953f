package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
)

//go:embed static/*
var staticFiles embed.FS

// staticPath is where a file is fetched: its name holds a digest, so that it
// can be kept for good.
func staticPath(name string) (string, error) {
	b, err := staticFiles.ReadFile("static/" + name)
	if err != nil {
		return "", err
	}
	ext := path.Ext(name)
	return "/static/" + strings.TrimSuffix(name, ext) + "." + digestOf(b) + ext, nil
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

var contentTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

func serveStatic(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(r.PathValue("name"), ".")
	if len(parts) != 3 {
		http.NotFound(w, r)
		return
	}
	b, err := staticFiles.ReadFile("static/" + parts[0] + "." + parts[2])
	if err != nil || digestOf(b) != parts[1] {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", contentTypes["."+parts[2]])
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(b)
}
