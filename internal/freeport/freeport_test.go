package freeport_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/freeport"
)

func TestEachPortIsFreeAndGivenOnce(t *testing.T) {
	seen := map[string]bool{}
	for range 50 {
		address := freeport.Address()
		require.False(t, seen[address])
		seen[address] = true
		l, err := net.Listen("tcp", address)
		require.NoError(t, err)
		require.NoError(t, l.Close())
	}
}
