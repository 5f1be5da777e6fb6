// Package web serves the customers' wallet under /wallet/: HTML pages from templates, a few scripts and a style sheet, all embedded and static. Pages hold nothing about
// anybody; what a customer sees in them, their scripts fetch from the JSON API under the customer's session. Texts stand in texts/, in English, German and Chinese.
//
// A page is a row in pages.go, a template in pages/, texts in texts/, and where it does something a module of its name in static/. It imports fault and no other part of the
// gateway; only cmd/tally-gateway imports it.
package web
