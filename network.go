package gatepost

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Networks are the address ranges that something is open to, in CIDR notation
// with a space between; "" is every address. CheckNetworks makes them. They are
// text, to travel in a token's claim and to be compared.
type Networks string

// MaxNetworks is how many ranges there may be: they travel in every token.
const MaxNetworks = 16

// CheckNetworks reads ranges such as 203.0.113.0/24 and 2001:db8::/32; a lone
// address is the range of itself. It fails with Invalid, naming the field.
func CheckNetworks(field string, ranges []string) (Networks, error) {
	if len(ranges) > MaxNetworks {
		return "", InvalidField(field, fmt.Sprintf("at most %d address ranges; put neighbours together into a wider one", MaxNetworks))
	}
	list := make([]string, 0, len(ranges))
	for _, raw := range ranges {
		p, ok := parseNetwork(strings.TrimSpace(raw))
		if !ok {
			return "", InvalidField(field, "an address range is written like 203.0.113.0/24, 2001:db8::/32 or 203.0.113.7")
		}
		if text := p.String(); !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return Networks(strings.Join(list, " ")), nil
}

func parseNetwork(s string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, false
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	// Addresses are compared as plain IPv4: a mapped range would hold none.
	return p.Masked(), !p.Addr().Is4In6()
}

// List returns the ranges one by one.
func (n Networks) List() []string { return strings.Fields(string(n)) }

// Prefixes returns the ranges to compute with. What is no range is left out.
func (n Networks) Prefixes() []netip.Prefix {
	list := []netip.Prefix{}
	for _, s := range n.List() {
		if p, err := netip.ParsePrefix(s); err == nil {
			list = append(list, p)
		}
	}
	return list
}

// Admit fails with Forbidden unless the address lies in one of the ranges. An
// address that is not known lies in none.
func (n Networks) Admit(addr netip.Addr) error {
	if n == "" || contains(n.Prefixes(), addr) {
		return nil
	}
	return &Error{Code: Forbidden, Message: "this is not open to the network that you come from; ask the one who shared it to add your address"}
}

func contains(list []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// RemoteAddr returns the address that a request came from: that of its
// connection or, behind trusted proxies, the last one in X-Forwarded-For that
// is none of theirs. Each proxy writes whom it heard at the end; what a client
// wrote himself stands before and is never reached. forwarded holds every such
// header, in their order. Where a proxy says that it does not know, nobody does:
// the zero Addr, which no network admits.
func RemoteAddr(connection string, forwarded []string, trusted []netip.Prefix) netip.Addr {
	addr := ParseAddr(connection)
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	for i := len(hops) - 1; i >= 0 && contains(trusted, addr); i-- {
		hop := strings.TrimSpace(hops[i])
		if hop == "" && len(hops) == 1 {
			break // nobody was forwarded
		}
		addr = ParseAddr(hop)
	}
	return addr
}

// ParseAddr reads an address with or without a port, IPv4 as IPv4 and without
// a zone; it returns the zero Addr for what is none.
func ParseAddr(s string) netip.Addr {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap().WithZone("")
	}
	return netip.Addr{}
}
