package web

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed static
var staticFiles embed.FS

// policy lets a page load what the gateway serves and nothing else: no script or style within the page, no frame around it. QR codes come as data of the API's answer.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Wallet serves the pages. It holds nothing but their rendered bytes.
type Wallet struct {
	rendered map[string]map[string][]byte // By path and language.
	texts    map[string][]byte            // By language, as JSON for the scripts.
	static   http.Handler
}

// New renders every page in every language. brand is the programme's name as customers know it. INTERNAL when a template or a text is at fault.
func New(brand string) (*Wallet, error) {
	c, err := loadCatalogue()
	if err != nil {
		return nil, err
	}
	w := &Wallet{rendered: map[string]map[string][]byte{}, texts: map[string][]byte{}}
	for _, language := range Languages {
		if w.texts[language], err = c.json(language); err != nil {
			return nil, err
		}
		for _, p := range pages {
			if w.rendered[p.path] == nil {
				w.rendered[p.path] = map[string][]byte{}
			}
			if w.rendered[p.path][language], err = render(c, p, language, brand); err != nil {
				return nil, err
			}
		}
	}
	files, err := fs.Sub(staticFiles, "static")
	if err != nil {
		return nil, fault.New(fault.Internal, "the wallet's files are missing: %v", err)
	}
	w.static = http.StripPrefix(Path+"static/", http.FileServerFS(files))
	return w, nil
}

// link is one entry of the menu.
type link struct {
	Path, Title string
	Current     bool
}

// view is what a template is given.
type view struct {
	Name, Title, Language, Brand string
	Module                       bool // There is static/<name>.js.
	Menu                         []link
	Languages                    []string
}

func render(c catalogue, p page, language, brand string) ([]byte, error) {
	t, err := template.New("layout.html").Funcs(template.FuncMap{
		"t":        func(key string) (string, error) { return c.text(key, language) },
		"language": func(code string) string { return languageNames[code] },
	}).ParseFS(pageFiles, "pages/layout.html", "pages/agree.html", "pages/"+p.name+".html")
	if err != nil {
		return nil, fault.New(fault.Internal, "page %s: %v", p.name, err)
	}
	v := view{Name: p.name, Language: language, Brand: brand, Languages: Languages}
	if v.Title, err = c.text(p.name+".title", language); err != nil {
		return nil, err
	}
	_, err = fs.Stat(staticFiles, "static/"+p.name+".js")
	v.Module = err == nil
	for _, m := range pages {
		if !m.menu {
			continue
		}
		title, err := c.text(m.name+".title", language)
		if err != nil {
			return nil, err
		}
		v.Menu = append(v.Menu, link{Path: Path + m.path, Title: title, Current: m.name == p.name})
	}
	var out bytes.Buffer
	if err := t.Execute(&out, v); err != nil {
		return nil, fault.New(fault.Internal, "page %s: %v", p.name, err)
	}
	return out.Bytes(), nil
}

// ServeHTTP answers below Path.
func (w *Wallet) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		out.Header().Set("Allow", "GET, HEAD")
		http.Error(out, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	h := out.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=()")
	name := strings.TrimPrefix(path.Clean(r.URL.Path)+"/", Path)
	name = strings.TrimSuffix(name, "/")
	switch {
	case strings.HasPrefix(name, "static/"):
		h.Set("Cache-Control", "no-cache")
		w.static.ServeHTTP(out, r)
	case strings.HasPrefix(name, "texts/"):
		w.serveTexts(out, strings.TrimSuffix(strings.TrimPrefix(name, "texts/"), ".json"))
	default:
		w.servePage(out, r, name)
	}
}

func (w *Wallet) serveTexts(out http.ResponseWriter, language string) {
	texts, known := w.texts[language]
	if !known {
		http.Error(out, "not found", http.StatusNotFound)
		return
	}
	out.Header().Set("Content-Type", "application/json")
	out.Header().Set("Cache-Control", "no-cache")
	_, _ = out.Write(texts)
}

func (w *Wallet) servePage(out http.ResponseWriter, r *http.Request, name string) {
	versions, known := w.rendered[name]
	if !known {
		http.Error(out, "not found", http.StatusNotFound)
		return
	}
	language := chosen(r)
	if asked := r.URL.Query().Get("language"); asked == language {
		http.SetCookie(out, &http.Cookie{Name: languageCookie, Value: language, Path: Path, MaxAge: languageAge, SameSite: http.SameSiteStrictMode, HttpOnly: true})
	}
	out.Header().Set("Content-Type", "text/html; charset=utf-8")
	out.Header().Set("Content-Language", language)
	out.Header().Set("Vary", "Accept-Language, Cookie")
	out.Header().Set("Cache-Control", "no-cache")
	_, _ = out.Write(versions[language])
}
