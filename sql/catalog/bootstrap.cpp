// The first commit of a new cluster.
#include "sql/catalog/catalog.hpp"
#include "sql/catalog/encoding.hpp"
#include "sql/catalog/privileges.hpp"
#include "sql/catalog/scram_verifier.hpp"

namespace helios::sql {

/// pg_database.oid of the one database; below the first oid that objects get.
static constexpr oid database_oid = 5;

bool has_catalog(storage::engine& engine) {
  return engine.newest_version(storage::catalog_space, definition_key(definition_kind::database, database_oid)).has_value();
}

void bootstrap_catalog(storage::transaction& txn, const bootstrap_options& options) {
  txn.put(storage::catalog_space, definition_key(definition_kind::database, database_oid),
          encode(database_def{database_oid, options.database}));
  put_definition(txn, schema_def{pg_catalog_schema, "pg_catalog", bootstrap_role});
  put_definition(txn, schema_def{public_schema, "public", role_pg_database_owner});
  put_definition(txn, schema_def{information_schema_oid, "information_schema", bootstrap_role});
  role_def superuser{bootstrap_role, options.superuser, true, true, {}};
  superuser.create_role = superuser.create_database = superuser.replication = superuser.bypass_row_security = true;
  if (!options.password.empty()) superuser.scram_verifier = make_scram_verifier(options.password);
  put_definition(txn, superuser);
}

}  // namespace helios::sql
