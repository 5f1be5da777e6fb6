package lifecycle

import (
	"context"

	"github.com/hyperledger/fabric-admin-sdk/pkg/identity"
	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer/lifecycle"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
)

const (
	lifecycleChaincode = "_lifecycle"
	queryDefinitions   = "QueryChaincodeDefinitions"
)

// firstRefusal is the lowest status of a peer's answer that is a refusal.
const firstRefusal = 400

// QueryDefinitions asks exactly the peer at the other end of the connection which chaincodes the channel has.
func QueryDefinitions(
	ctx context.Context, connection *grpc.ClientConn, signer identity.SigningIdentity, channel string,
) ([]*lifecycle.QueryChaincodeDefinitionsResult_ChaincodeDefinition, error) {
	argument, err := proto.Marshal(&lifecycle.QueryChaincodeDefinitionsArgs{})
	if err != nil {
		return nil, failure.Wrap(failure.DeployFailed, err, "can't encode a query")
	}
	response, err := Propose(ctx, connection, signer, channel, lifecycleChaincode, queryDefinitions, argument)
	if err != nil {
		return nil, err
	}
	var result lifecycle.QueryChaincodeDefinitionsResult
	if err := proto.Unmarshal(response.GetPayload(), &result); err != nil {
		return nil, failure.Wrap(failure.DeployFailed, err, "can't decode the answer to a query")
	}
	return result.GetChaincodeDefinitions(), nil
}

// Propose sends one signed proposal to exactly the peer at the other end of the connection. The gateway service, in
// contrast, may ask another peer. A refusal by the peer or the chaincode is an error.
func Propose(
	ctx context.Context, connection *grpc.ClientConn, signer identity.SigningIdentity, channel, chaincode, function string, arguments ...[]byte,
) (*peer.Response, error) {
	proposed, err := signedProposal(connection, signer, channel, chaincode, function, arguments)
	if err != nil {
		return nil, failure.Wrap(failure.DeployFailed, err, "can't make a proposal")
	}
	answer, err := peer.NewEndorserClient(connection).ProcessProposal(ctx, proposed)
	if err != nil {
		return nil, failure.Wrap(failure.DeployFailed, err, "%s of %s", function, chaincode)
	}
	if answer.GetResponse().GetStatus() >= firstRefusal {
		return nil, failure.New(failure.DeployFailed, "%s of %s: status %d: %s",
			function, chaincode, answer.GetResponse().GetStatus(), answer.GetResponse().GetMessage())
	}
	return answer.GetResponse(), nil
}

func signedProposal(
	connection *grpc.ClientConn, signer identity.SigningIdentity, channel, chaincode, function string, arguments [][]byte,
) (*peer.SignedProposal, error) {
	session, err := client.Connect(signer, client.WithClientConnection(connection))
	if err != nil {
		return nil, err
	}
	defer func() { _ = session.Close() }()
	proposal, err := session.GetNetwork(channel).GetContract(chaincode).NewProposal(function, client.WithBytesArguments(arguments...))
	if err != nil {
		return nil, err
	}
	data, err := proposal.Bytes()
	if err != nil {
		return nil, err
	}
	var proposed gateway.ProposedTransaction
	if err := proto.Unmarshal(data, &proposed); err != nil {
		return nil, err
	}
	signed := proposed.GetProposal()
	signed.Signature, err = signer.Sign(signed.GetProposalBytes())
	return signed, err
}
