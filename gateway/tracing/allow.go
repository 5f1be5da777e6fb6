package tracing

import (
	"regexp"
	"slices"
	"sync/atomic"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"go.opentelemetry.io/otel/attribute"
	"google.golang.org/grpc/codes"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// Attributes of the semantic conventions that may leave.
const (
	keyMethod    attribute.Key = "http.request.method"
	keyRoute     attribute.Key = "http.route" // The pattern.
	keyStatus    attribute.Key = "http.response.status_code"
	keyRPCMethod attribute.Key = "rpc.method"
	keyRPCSystem attribute.Key = "rpc.system.name"
	keyRPCStatus attribute.Key = "rpc.response.status_code"
)

// Names that stand for those that may not leave.
const (
	unnamed = "other"
	noRoute = "HTTP"
)

var (
	ownNames = []string{Outbox, Operation, Batch, Pin, Endorse, Submit, Commit, Partner}

	// peerMethods are what a gateway calls at a peer. Deliver isn't among them: it never ends.
	peerMethods = []string{"gateway.Gateway/Evaluate", "gateway.Gateway/Endorse", "gateway.Gateway/Submit", "gateway.Gateway/CommitStatus"}

	httpMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

	// classes are the ledger's classes of failures.
	classes = []string{"retry", "co_endorser", "lane_moved", "refused", "fatal"}

	transactionID = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// allowList says what may leave. A value is a number of the gateway's own, or a text from a set that is closed before the first customer comes.
type allowList struct {
	members []string
	routes  atomic.Pointer[map[string]bool]
}

func (a *allowList) know(routes []string) {
	known := map[string]bool{}
	for _, r := range routes {
		known[r] = true
	}
	a.routes.Store(&known)
}

func (a *allowList) route(pattern string) bool {
	known := a.routes.Load()
	return known != nil && (*known)[pattern]
}

// allows says whether an attribute may leave. A key that isn't here doesn't, whatever its value.
func (a *allowList) allows(kv attribute.KeyValue) bool {
	switch kv.Key {
	case keyLane, keySeq, keyOperations, keyAttempt, keyStatus:
		return kv.Value.Type() == attribute.INT64
	}
	if kv.Value.Type() != attribute.STRING {
		return false
	}
	text := kv.Value.AsString()
	switch kv.Key {
	case keyCode:
		return text == "" || fault.Known(fault.Code(text))
	case keyClass:
		return slices.Contains(classes, text)
	case keyKind:
		return slices.Contains(points.Kinds(), points.Kind(text))
	case keyProgramme, keyPartner:
		return slices.Contains(a.members, text)
	case keyTx:
		return transactionID.MatchString(text)
	case keyValidation:
		_, known := peer.TxValidationCode_value[text]
		return known
	case keyMethod:
		return slices.Contains(httpMethods, text)
	case keyRoute:
		return a.route(text)
	case keyRPCMethod:
		return slices.Contains(peerMethods, text)
	case keyRPCSystem:
		return text == "grpc"
	case keyRPCStatus:
		return rpcStatus(text)
	}
	return false
}

// rpcStatus says whether a text is the name of one of gRPC's codes.
func rpcStatus(text string) bool {
	var c codes.Code
	return text != "" && c.UnmarshalJSON([]byte(`"`+text+`"`)) == nil
}

// keep gives the attributes that may leave.
func (a *allowList) keep(all []attribute.KeyValue) []attribute.KeyValue {
	kept := make([]attribute.KeyValue, 0, len(all))
	for _, kv := range all {
		if a.allows(kv) {
			kept = append(kept, kv)
		}
	}
	return kept
}

// name gives a span's name, or what stands for it. A request's is made again of what may leave.
func (a *allowList) name(given string, kept []attribute.KeyValue) string {
	if slices.Contains(ownNames, given) || slices.Contains(peerMethods, given) {
		return given
	}
	method, route := "", ""
	for _, kv := range kept {
		switch kv.Key {
		case keyMethod:
			method = kv.Value.AsString()
		case keyRoute:
			route = kv.Value.AsString()
		}
	}
	switch {
	case method == "":
		return unnamed
	case route == "":
		return noRoute
	}
	return method + " " + route
}
