// Package lookup is how a till learns which account of the programme a customer has: by the customer's rotating identification code, or by a challenge that the customer
// answers. A till of another brand has no other way, and nothing that it can ask tells whether somebody is a customer.
//
// An identification code is 128 random bits that stand for one account of one programme, for CodeSeconds and for one till. It signs nothing, so it can't spend.
//
// A challenge begins with a phone number, an e-mail address, a card or a member's own number. The request is answered before anybody looks whether a customer has it: a code that
// nobody was told is kept for the unknown as for the known, and the customer is looked up and written to afterwards. What an asker sees is therefore the same, and takes
// the same time, until the customer has answered: by telling the till the code, or in the wallet. Refusals of a customer are told to nobody.
//
// It keeps hashes of codes, and of what was asked for only a keyed hash that counts attempts; rows are deleted when they have lapsed. It imports vault, random, sqlite
// and fault; cmd and api may import it.
package lookup
