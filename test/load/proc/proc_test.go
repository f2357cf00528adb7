package proc

import (
	"os"
	"runtime"
	"testing"
)

func TestSelf(t *testing.T) {
	before, err := CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	ballast := make([]byte, 64<<20)
	for used := before; used-before < 5*tick; {
		for i := range ballast {
			ballast[i]++
		}
		if used, err = CPU(os.Getpid()); err != nil {
			t.Fatal(err)
		}
	}
	memory, err := Memory(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if memory < int64(len(ballast)) {
		t.Errorf("%d bytes resident, with %d in use", memory, len(ballast))
	}
	runtime.KeepAlive(ballast)
}

func TestNone(t *testing.T) {
	if _, err := CPU(-1); err == nil {
		t.Error("a process that is not there has used time")
	}
	if _, err := Memory(-1); err == nil {
		t.Error("a process that is not there has memory")
	}
}
