package contract

import (
	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/cid"
	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
)

// newCall gathers what the functions may know of a transaction.
func newCall(ctx contractapi.TransactionContextInterface, function, document string) (engine.Call, error) {
	caller, err := identityOf(ctx.GetClientIdentity())
	if err != nil {
		return engine.Call{}, err
	}
	stub := ctx.GetStub()
	chaincode, err := signedChaincode(stub)
	if err != nil {
		return engine.Call{}, err
	}
	stamp, err := stub.GetTxTimestamp()
	if err != nil {
		return engine.Call{}, fault.New(fault.Malformed, "the proposal's time can't be read")
	}
	transient, err := stub.GetTransient()
	if err != nil {
		return engine.Call{}, fault.New(fault.Malformed, "the proposal's transient fields can't be read")
	}
	return engine.Call{
		Chaincode: chaincode, Function: function, Document: []byte(document),
		Caller: caller, Time: stamp.GetSeconds(), Transient: transient,
	}, nil
}

// identityOf reads the creator's organisation and role. The contract API gives a nil client for a creator that it can't read. A certificate without the
// attribute has no role: its holder can query.
func identityOf(client cid.ClientIdentity) (engine.Identity, error) {
	if c, ok := client.(*cid.ClientID); ok && c == nil {
		return engine.Identity{}, fault.New(fault.Forbidden, "the creator's certificate can't be read")
	}
	msp, err := client.GetMSPID()
	if err != nil || msp == "" {
		return engine.Identity{}, fault.New(fault.Forbidden, "the creator names no organisation")
	}
	role, _, err := client.GetAttributeValue(engine.RoleAttribute)
	if err != nil {
		return engine.Identity{}, fault.New(fault.Forbidden, "the creator's attributes can't be read")
	}
	return engine.Identity{MSP: msp, Role: role}, nil
}

// signedChaincode names the chaincode that the client invoked: in a called chaincode it is the caller's name. The header extension is what peers route and
// validate by, so it is the one to trust.
func signedChaincode(stub shim.ChaincodeStubInterface) (string, error) {
	signed, err := stub.GetSignedProposal()
	if err != nil || signed == nil {
		return "", fault.New(fault.Malformed, "the call has no signed proposal")
	}
	var (
		proposal  peer.Proposal
		header    common.Header
		channel   common.ChannelHeader
		extension peer.ChaincodeHeaderExtension
	)
	if proto.Unmarshal(signed.GetProposalBytes(), &proposal) != nil ||
		proto.Unmarshal(proposal.GetHeader(), &header) != nil ||
		proto.Unmarshal(header.GetChannelHeader(), &channel) != nil ||
		proto.Unmarshal(channel.GetExtension(), &extension) != nil {
		return "", fault.New(fault.Malformed, "the signed proposal can't be decoded")
	}
	if name := extension.GetChaincodeId().GetName(); name != "" {
		return name, nil
	}
	return "", fault.New(fault.Malformed, "the signed proposal names no chaincode")
}
