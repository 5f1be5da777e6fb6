// Package terms has what customers were promised: the versions of a programme's terms, in words and in the parameters that the chaincode runs, and its price lists for
// redemption. It says which changes take something from who holds points already, and when such a change may take effect.
//
// It imports fault, quantity and lots. The points engine, documents on the wire, the audit and gateways may import it.
package terms
