package sqlstore_test

import (
	"testing"

	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

func TestSQLite(t *testing.T)   { storetest.Run(t, storetest.OpenSQLite) }
func TestPostgres(t *testing.T) { storetest.Run(t, storetest.OpenPostgres) }
