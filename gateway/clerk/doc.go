// Package clerk brings clearing windows on by itself: it rolls a window whose regular close has come, discloses the nets of its member's pairs, closes and nets the window, signs the
// member's position after computing it again from the member's own data, and starts settlement. It moves room to lanes that run short of it. It never pays, and it signs nothing
// that it didn't compute itself: what doesn't agree is an alarm, and left to people.
//
// Every member's clerk does all of this; who comes second finds it done. It decides by the read model and acts through the facade of clearing.
//
// It imports store, treasury and the chaincode's pure packages; api and commands may import it.
package clerk
