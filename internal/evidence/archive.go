package evidence

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"sort"
)

// Headers of a ZIP (APPNOTE.TXT 6.3.10 §4.3.7, §4.3.12, §4.3.16), and what is the
// same in all of ours: version 2.0, names in UTF-8, stored, 1980-01-01 00:00.
const (
	localSize   = 30
	centralSize = 46
	endSize     = 22

	localMagic   = "PK\x03\x04"
	centralMagic = "PK\x01\x02"
	endMagic     = "PK\x05\x06"

	version = 20
	utf8    = 0x0800
	date    = 1<<5 | 1
)

// maxEntries bounds what is looked at of a file that was added to.
const maxEntries = 64

// entry is a file in a ZIP.
type entry struct {
	name string
	crc  uint32
	size int64
	data int64 // where its contents begin
	own  bool  // its header is one that we write
}

func (e *entry) local() []byte {
	b := make([]byte, localSize, localSize+len(e.name))
	copy(b, localMagic)
	le := binary.LittleEndian
	le.PutUint16(b[4:], version)
	le.PutUint16(b[6:], utf8)
	le.PutUint16(b[12:], date)
	le.PutUint32(b[14:], e.crc)
	le.PutUint32(b[18:], uint32(e.size))
	le.PutUint32(b[22:], uint32(e.size))
	le.PutUint16(b[26:], uint16(len(e.name)))
	return append(b, e.name...)
}

func (e *entry) central() []byte {
	b := make([]byte, centralSize, centralSize+len(e.name))
	copy(b, centralMagic)
	le := binary.LittleEndian
	le.PutUint16(b[4:], version)
	copy(b[6:], e.local()[4:localSize])
	le.PutUint32(b[42:], uint32(e.data-localSize-int64(len(e.name))))
	return append(b, e.name...)
}

// directory is what follows the files: their central headers and the end.
func directory(entries []entry) []byte {
	var b []byte
	at := int64(0)
	for i := range entries {
		b = append(b, entries[i].central()...)
		at = entries[i].data + entries[i].size
	}
	end := make([]byte, endSize)
	copy(end, endMagic)
	le := binary.LittleEndian
	le.PutUint16(end[8:], uint16(len(entries)))
	le.PutUint16(end[10:], uint16(len(entries)))
	le.PutUint32(end[12:], uint32(len(b)))
	le.PutUint32(end[16:], uint32(at))
	return append(b, end...)
}

// Content is a file to be packed.
type Content struct {
	File
	CRC  uint32 // IEEE
	Data io.ReaderAt
}

// Archive is a packed file. It is put together as it is read: nothing is copied.
type Archive struct {
	parts []part
	size  int64
}

type part struct {
	at   int64
	data io.ReaderAt
	size int64
}

// Pack lays files one behind the other, as they come. It fails when they are more
// than a ZIP without extensions holds.
func Pack(files []Content) (*Archive, error) {
	a := &Archive{}
	add := func(data io.ReaderAt, size int64) {
		a.parts = append(a.parts, part{a.size, data, size})
		a.size += size
	}
	var entries []entry
	for _, f := range files {
		e := entry{name: f.Name, crc: f.CRC, size: f.Bytes, data: a.size + localSize + int64(len(f.Name))}
		if e.data+e.size > math.MaxUint32 {
			return nil, fmt.Errorf("pack evidence: more than four gigabytes")
		}
		header := e.local()
		add(bytes.NewReader(header), int64(len(header)))
		add(f.Data, f.Bytes)
		entries = append(entries, e)
	}
	end := directory(entries)
	add(bytes.NewReader(end), int64(len(end)))
	return a, nil
}

// Size is in bytes.
func (a *Archive) Size() int64 { return a.size }

// ReadAt implements io.ReaderAt.
func (a *Archive) ReadAt(p []byte, off int64) (n int, err error) {
	i := sort.Search(len(a.parts), func(i int) bool { return a.parts[i].at+a.parts[i].size > off })
	for ; i < len(a.parts) && n < len(p); i++ {
		within := off + int64(n) - a.parts[i].at
		want := min(int64(len(p)-n), a.parts[i].size-within)
		got, err := a.parts[i].data.ReadAt(p[n:n+int(want)], within)
		n += got
		if int64(got) < want {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return n, err
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// walk reads the headers of the files in a ZIP up to what is none. It takes
// those that other programs write, to be able to say what was added; own tells
// which are ours. truncated says that the last one reaches over the end.
func walk(r io.ReaderAt, size int64) (entries []entry, end int64, truncated bool, err error) {
	le := binary.LittleEndian
	for len(entries) <= maxEntries {
		var b [localSize]byte
		n, err := r.ReadAt(b[:], end)
		if err != nil && err != io.EOF {
			return nil, 0, false, err
		}
		if n < 4 || string(b[:4]) != localMagic {
			return entries, end, n < 4 && end > 0, nil
		}
		if n < localSize {
			return entries, end, true, nil
		}
		e := entry{crc: le.Uint32(b[14:]), size: int64(le.Uint32(b[18:]))}
		name := make([]byte, le.Uint16(b[26:]))
		if n, err := r.ReadAt(name, end+localSize); n < len(name) {
			if err != io.EOF {
				return nil, 0, false, err
			}
			return entries, end, true, nil
		}
		e.name = string(name)
		e.data = end + localSize + int64(len(name)) + int64(le.Uint16(b[28:]))
		e.own = string(e.local()) == string(b[:])+e.name
		if e.data+e.size > size {
			return append(entries, e), end, true, nil
		}
		entries, end = append(entries, e), e.data+e.size
	}
	return entries, end, false, nil
}
