package gatepost

import "fmt"

// Device types of a GB/T 28181 id (digits 11 to 13; GB/T 28181-2022 annex E).
const (
	TypeDVR                 = "111"
	TypeNVR                 = "118"
	TypeCamera              = "131"
	TypeIPCamera            = "132"
	TypeServer              = "200"
	TypeBusinessGroup       = "215"
	TypeVirtualOrganisation = "216"
)

// nationalSerialMax is the highest serial that seven digits hold.
const nationalSerialMax = 9_999_999

// NationalCentre turns a division code into the eight digits of a GB/T 28181
// centre code (GB/T 2260: province, city, county, basic unit, two digits each).
// Shorter codes are padded with zeros. A town's nine-digit code has three
// digits for the town where the standard has two for the basic unit, so a town
// is represented by its county with the basic unit 00; the camera's division
// keeps the town. "" gives 00000000: no division is known. It fails with
// Invalid for anything but 0, 2, 4, 6 or 9 digits.
func NationalCentre(division string) (string, error) {
	if !allDigits(division) {
		return "", InvalidField("division", "a division code has digits only, e.g. 330106")
	}
	switch len(division) {
	case 0, 2, 4, 6:
		return division + "00000000"[len(division):], nil
	case 9:
		return division[:6] + "00", nil
	}
	return "", InvalidField("division", "a division code has 2 (province), 4 (city), 6 (county) or 9 (town) digits")
}

// NationalIndustry gives the two industry digits of a GB/T 28181 id for a
// place: 00 streets and public areas, 01 communities, 03 public security not
// otherwise named, 04 roads, 07 other traffic, 53 enterprises (commercial
// services, which stands for every kind of business).
func NationalIndustry(p PlaceCategory) string {
	switch p {
	case PlaceTownCentre, PlaceMarketTown, PlaceMainStreet, PlaceBusyArea, PlacePublic, PlaceTroubled, PlaceBoundary:
		return "00"
	case PlaceResidential, PlaceVillage:
		return "01"
	case PlaceJunction:
		return "04"
	case PlaceBus:
		return "07"
	case PlaceMarket, PlacePremises:
		return "53"
	}
	return "03"
}

// NationalPrefix is the first thirteen digits of an IP camera's GB/T 28181 id:
// centre, industry and type 132. Serials are counted within it. It fails with
// Invalid when the division code is malformed.
func NationalPrefix(division string, place PlaceCategory) (string, error) {
	centre, err := NationalCentre(division)
	if err != nil {
		return "", err
	}
	return centre + NationalIndustry(place) + TypeIPCamera, nil
}

// ComposeNationalID joins a 13-digit prefix and a serial (1 to 9,999,999) to a
// 20-digit id. It fails with Invalid for a malformed prefix and with Conflict
// when the serials of the prefix are used up.
func ComposeNationalID(prefix string, serial int64) (string, error) {
	if len(prefix) != 13 || !allDigits(prefix) {
		return "", InvalidField("national_id", "the prefix of a GB/T 28181 id has 13 digits")
	}
	if serial < 1 {
		return "", InvalidField("national_id", "the serial of a GB/T 28181 id is at least 1")
	}
	if serial > nationalSerialMax {
		return "", &Error{Code: Conflict, Field: "national_id", Message: "all 9,999,999 GB/T 28181 ids of this division and industry are taken; enrol the camera under another division"}
	}
	return fmt.Sprintf("%s%07d", prefix, serial), nil
}

// NationalID is a GB/T 28181 device id taken apart.
type NationalID struct {
	Centre   string // 8 digits
	Industry string // 2 digits
	Type     string // 3 digits
	Serial   string // 7 digits
}

// String puts the id together again.
func (n NationalID) String() string { return n.Centre + n.Industry + n.Type + n.Serial }

// Camera tells whether the id names a camera (types 131 and 132).
func (n NationalID) Camera() bool { return n.Type == TypeCamera || n.Type == TypeIPCamera }

// ParseNationalID takes a GB/T 28181 id apart. It fails with Invalid unless s is
// exactly 20 ASCII digits with a centre that is well formed from left to right
// (no county without its city, no city without its province) and a device type
// of at least 111, the first that the standard assigns.
func ParseNationalID(s string) (NationalID, error) {
	if len(s) != 20 || !allDigits(s) {
		return NationalID{}, InvalidField("national_id", "a GB/T 28181 id has exactly 20 digits")
	}
	id := NationalID{Centre: s[:8], Industry: s[8:10], Type: s[10:13], Serial: s[13:]}
	for i := 0; i < 6; i += 2 {
		if s[i:i+2] == "00" && s[i+2:8] != "000000"[i:] {
			return NationalID{}, InvalidField("national_id", "the first 8 digits of a GB/T 28181 id go from province to basic unit without a level left out")
		}
	}
	if id.Type < TypeDVR {
		return NationalID{}, InvalidField("national_id", "digits 11 to 13 of a GB/T 28181 id are its device type, 132 for an IP camera")
	}
	return id, nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
