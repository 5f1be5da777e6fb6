package web

// Path is where the wallet lies; its pages link to each other below it.
const Path = "/wallet/"

// page is one page of the wallet.
type page struct {
	name string // Of its template in pages/, of its module in static/ and of its texts (<name>.title).
	path string // Below Path.
	menu bool   // Stands in the menu of who is signed in.
}

// pages are all pages, in the menu's order.
var pages = []page{
	{name: "overview", path: "", menu: true},
	{name: "send", path: "send", menu: true},
	{name: "transfers", path: "transfers", menu: true},
	{name: "data", path: "data", menu: true},
	{name: "code", path: "code", menu: true},
	{name: "surveys", path: "surveys", menu: true},
	{name: "consents", path: "consents", menu: true},
	{name: "access-log", path: "access-log", menu: true},
	{name: "partners", path: "partners", menu: true},
	{name: "notices", path: "notices", menu: true},
	{name: "security", path: "security", menu: true},
	{name: "link", path: "link"},
	{name: "vouch", path: "vouch"},
	{name: "erasure", path: "erasure"},
	{name: "sign-in", path: "sign-in"},
}
