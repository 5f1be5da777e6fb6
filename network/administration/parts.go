package administration

import (
	"fmt"
	"maps"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer/etcdraft"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// part is one field of a configuration's value, in words; opaque when they are only its digest.
type part struct {
	text   string
	opaque bool
}

// parts are all fields of a value, by their paths in it, in Fabric's names.
type parts map[string]part

// messageOf is how Fabric encodes a configuration's value of some name; nil when it isn't known here.
func messageOf(name string) proto.Message {
	switch name {
	case mspValue:
		return new(msp.MSPConfig)
	case consensusTypeValue:
		return new(orderer.ConsensusType)
	case aclsValue:
		return new(peer.ACLs)
	case "AnchorPeers":
		return new(peer.AnchorPeers)
	case endpointsValue, "OrdererAddresses":
		return new(common.OrdererAddresses)
	case "Capabilities":
		return new(common.Capabilities)
	case "BatchSize":
		return new(orderer.BatchSize)
	case "BatchTimeout":
		return new(orderer.BatchTimeout)
	case "ChannelRestrictions":
		return new(orderer.ChannelRestrictions)
	case "HashingAlgorithm":
		return new(common.HashingAlgorithm)
	case "BlockDataHashingStructure":
		return new(common.BlockDataHashingStructure)
	case "Consortium":
		return new(common.Consortium)
	case "Orderers":
		return new(common.Orderers)
	}
	return nil
}

// within is what bytes within a message hold, by the full name of their field; nil for what has no message of its own.
func within(in protoreflect.Message, field protoreflect.FullName) proto.Message {
	switch m := in.Interface().(type) {
	case *msp.MSPConfig:
		if m.GetType() == 0 && field.Name() == "config" { // 0 is Fabric's own kind of identities.
			return new(msp.FabricMSPConfig)
		}
	case *orderer.ConsensusType:
		if m.GetType() == "etcdraft" && field.Name() == "metadata" {
			return new(etcdraft.ConfigMetadata)
		}
	}
	return nil
}

func partsOf(name string, value []byte) parts {
	p := parts{}
	if len(value) > 0 {
		p.encoded("", messageOf(name), value)
	}
	return p
}

// encoded takes the fields of an encoded message; of what can't be read it takes the digest.
func (p parts) encoded(path string, into proto.Message, data []byte) {
	if into == nil || proto.Unmarshal(data, into) != nil {
		p[path] = part{bytesInWords(data), true}
		return
	}
	p.message(path, into.ProtoReflect())
}

func (p parts) message(path string, m protoreflect.Message) {
	if unknown := m.GetUnknown(); len(unknown) > 0 {
		p[join(path, "unknown")] = part{bytesInWords(unknown), true}
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		at, value := join(path, string(field.Name())), m.Get(field)
		switch {
		case field.IsMap():
			value.Map().Range(func(key protoreflect.MapKey, v protoreflect.Value) bool {
				p.single(join(at, key.String()), m, field.MapValue(), v)
				return true
			})
		case field.IsList() && field.Message() != nil:
			p.messages(at, value.List())
		case field.IsList():
			p.list(at, m, field, value.List())
		case m.Has(field) || field.Enum() != nil:
			p.single(at, m, field, value)
		}
	}
}

// messages are told apart by where they are, or by their place.
func (p parts) messages(path string, list protoreflect.List) {
	for i := range list.Len() {
		at := join(path, fmt.Sprint(i))
		if c, ok := list.Get(i).Message().Interface().(*etcdraft.Consenter); ok {
			at = join(path, addressOf(c))
		}
		inner := parts{}
		inner.message(at, list.Get(i).Message())
		if len(inner) == 0 {
			inner[at] = part{text: "empty"}
		}
		for name, one := range inner {
			for taken := true; taken; {
				if _, taken = p[name]; taken {
					name += " again"
				}
			}
			p[name] = one
		}
	}
}

// list is one of plain values, which are said together: their order may matter.
func (p parts) list(path string, in protoreflect.Message, field protoreflect.FieldDescriptor, list protoreflect.List) {
	if list.Len() == 0 {
		return
	}
	var texts []string
	opaque := false
	for i := range list.Len() {
		one := plain(in, field, list.Get(i))
		texts, opaque = append(texts, one.text), opaque || one.opaque
	}
	p[path] = part{"[" + strings.Join(texts, ", ") + "]", opaque}
}

func (p parts) single(path string, in protoreflect.Message, field protoreflect.FieldDescriptor, value protoreflect.Value) {
	switch {
	case field.Message() != nil:
		inner := parts{}
		inner.message(path, value.Message())
		if len(inner) == 0 {
			inner[path] = part{text: "there"}
		}
		maps.Copy(p, inner)
	case field.Kind() == protoreflect.BytesKind && within(in, field.FullName()) != nil:
		p.encoded(path, within(in, field.FullName()), value.Bytes())
	default:
		p[path] = plain(in, field, value)
	}
}

// plain is a value that isn't made of others.
func plain(in protoreflect.Message, field protoreflect.FieldDescriptor, value protoreflect.Value) part {
	switch field.Kind() {
	case protoreflect.BytesKind:
		return contentInWords(in, field, value.Bytes())
	case protoreflect.EnumKind:
		if named := field.Enum().Values().ByNumber(value.Enum()); named != nil {
			return part{text: string(named.Name())}
		}
		return part{fmt.Sprint(value.Enum()), true}
	case protoreflect.StringKind:
		return part{text: fmt.Sprintf("%q", value.String())}
	}
	return part{text: value.String()}
}

func contentInWords(in protoreflect.Message, field protoreflect.FieldDescriptor, data []byte) part {
	if _, ok := in.Interface().(*msp.FabricMSPConfig); ok && field.Name() == "revocation_list" {
		if list, err := parseRevocations(data); err == nil {
			return part{text: fmt.Sprintf("list of %d revocations, SHA-256 %s", len(list.RevokedCertificateEntries), digest(data))}
		}
	}
	if text, ok := certificateInWords(data); ok {
		return part{text: text}
	}
	return part{bytesInWords(data), true}
}

func join(path, name string) string { return strings.TrimPrefix(path+" "+name, " ") }
