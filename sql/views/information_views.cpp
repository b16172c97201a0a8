// Columns of information_schema. Its domains are shown as the types below them, as the wire protocol does.
#include "sql/views/relation_definitions.hpp"

namespace helios::sql {
namespace {

constexpr relation_definition definitions[] = {
    {13701, 'v', "administrable_role_authorizations",
     "grantee:name role_name:name is_grantable:varchar"},
    {13702, 'v', "column_privileges",
     "grantor:name grantee:name table_catalog:name table_schema:name table_name:name column_name:name "
     "privilege_type:varchar is_grantable:varchar"},
    {13703, 'v', "role_column_grants",
     "grantor:name grantee:name table_catalog:name table_schema:name table_name:name column_name:name "
     "privilege_type:varchar is_grantable:varchar"},
    {13704, 'v', "table_privileges",
     "grantor:name grantee:name table_catalog:name table_schema:name table_name:name privilege_type:varchar "
     "is_grantable:varchar with_hierarchy:varchar"},
    {13705, 'v', "role_table_grants",
     "grantor:name grantee:name table_catalog:name table_schema:name table_name:name privilege_type:varchar "
     "is_grantable:varchar with_hierarchy:varchar"},
    {13236, 'v', "applicable_roles",
     "grantee:name role_name:name is_grantable:varchar"},
    {13245, 'v', "attributes",
     "udt_catalog:name udt_schema:name udt_name:name attribute_name:name ordinal_position:int4 "
     "attribute_default:varchar is_nullable:varchar data_type:varchar character_maximum_length:int4 "
     "character_octet_length:int4 character_set_catalog:name character_set_schema:name character_set_name:name "
     "collation_catalog:name collation_schema:name collation_name:name numeric_precision:int4 "
     "numeric_precision_radix:int4 numeric_scale:int4 datetime_precision:int4 interval_type:varchar "
     "interval_precision:int4 attribute_udt_catalog:name attribute_udt_schema:name attribute_udt_name:name "
     "scope_catalog:name scope_schema:name scope_name:name maximum_cardinality:int4 dtd_identifier:name "
     "is_derived_reference_attribute:varchar"},
    {13250, 'v', "character_sets",
     "character_set_catalog:name character_set_schema:name character_set_name:name character_repertoire:name "
     "form_of_use:name default_collate_catalog:name default_collate_schema:name default_collate_name:name"},
    {13260, 'v', "check_constraints",
     "constraint_catalog:name constraint_schema:name constraint_name:name check_clause:varchar"},
    {13265, 'v', "collations",
     "collation_catalog:name collation_schema:name collation_name:name pad_attribute:varchar"},
    {13280, 'v', "column_domain_usage",
     "domain_catalog:name domain_schema:name domain_name:name table_catalog:name table_schema:name "
     "table_name:name column_name:name"},
    {13503, 'v', "column_options",
     "table_catalog:name table_schema:name table_name:name column_name:name option_name:name "
     "option_value:varchar"},
    {13295, 'v', "columns",
     "table_catalog:name table_schema:name table_name:name column_name:name ordinal_position:int4 "
     "column_default:varchar is_nullable:varchar data_type:varchar character_maximum_length:int4 "
     "character_octet_length:int4 numeric_precision:int4 numeric_precision_radix:int4 numeric_scale:int4 "
     "datetime_precision:int4 interval_type:varchar interval_precision:int4 character_set_catalog:name "
     "character_set_schema:name character_set_name:name collation_catalog:name collation_schema:name "
     "collation_name:name domain_catalog:name domain_schema:name domain_name:name udt_catalog:name "
     "udt_schema:name udt_name:name scope_catalog:name scope_schema:name scope_name:name "
     "maximum_cardinality:int4 dtd_identifier:name is_self_referencing:varchar is_identity:varchar "
     "identity_generation:varchar identity_start:varchar identity_increment:varchar identity_maximum:varchar "
     "identity_minimum:varchar identity_cycle:varchar is_generated:varchar generation_expression:varchar "
     "is_updatable:varchar"},
    {13300, 'v', "constraint_column_usage",
     "table_catalog:name table_schema:name table_name:name column_name:name constraint_catalog:name "
     "constraint_schema:name constraint_name:name"},
    {13305, 'v', "constraint_table_usage",
     "table_catalog:name table_schema:name table_name:name constraint_catalog:name constraint_schema:name "
     "constraint_name:name"},
    {13310, 'v', "domain_constraints",
     "constraint_catalog:name constraint_schema:name constraint_name:name domain_catalog:name domain_schema:name "
     "domain_name:name is_deferrable:varchar initially_deferred:varchar"},
    {13315, 'v', "domain_udt_usage",
     "udt_catalog:name udt_schema:name udt_name:name domain_catalog:name domain_schema:name domain_name:name"},
    {13320, 'v', "domains",
     "domain_catalog:name domain_schema:name domain_name:name data_type:varchar character_maximum_length:int4 "
     "character_octet_length:int4 character_set_catalog:name character_set_schema:name character_set_name:name "
     "collation_catalog:name collation_schema:name collation_name:name numeric_precision:int4 "
     "numeric_precision_radix:int4 numeric_scale:int4 datetime_precision:int4 interval_type:varchar "
     "interval_precision:int4 domain_default:varchar udt_catalog:name udt_schema:name udt_name:name "
     "scope_catalog:name scope_schema:name scope_name:name maximum_cardinality:int4 dtd_identifier:name"},
    {13325, 'v', "enabled_roles",
     "role_name:name"},
    {13511, 'v', "foreign_data_wrapper_options",
     "foreign_data_wrapper_catalog:name foreign_data_wrapper_name:name option_name:name option_value:varchar"},
    {13515, 'v', "foreign_data_wrappers",
     "foreign_data_wrapper_catalog:name foreign_data_wrapper_name:name authorization_identifier:name "
     "library_name:varchar foreign_data_wrapper_language:varchar"},
    {13524, 'v', "foreign_server_options",
     "foreign_server_catalog:name foreign_server_name:name option_name:name option_value:varchar"},
    {13528, 'v', "foreign_servers",
     "foreign_server_catalog:name foreign_server_name:name foreign_data_wrapper_catalog:name "
     "foreign_data_wrapper_name:name foreign_server_type:varchar foreign_server_version:varchar "
     "authorization_identifier:name"},
    {13537, 'v', "foreign_table_options",
     "foreign_table_catalog:name foreign_table_schema:name foreign_table_name:name option_name:name "
     "option_value:varchar"},
    {13541, 'v', "foreign_tables",
     "foreign_table_catalog:name foreign_table_schema:name foreign_table_name:name foreign_server_catalog:name "
     "foreign_server_name:name"},
    {13227, 'v', "information_schema_catalog_name",
     "catalog_name:name"},
    {13329, 'v', "key_column_usage",
     "constraint_catalog:name constraint_schema:name constraint_name:name table_catalog:name table_schema:name "
     "table_name:name column_name:name ordinal_position:int4 position_in_unique_constraint:int4"},
    {13339, 'v', "referential_constraints",
     "constraint_catalog:name constraint_schema:name constraint_name:name unique_constraint_catalog:name "
     "unique_constraint_schema:name unique_constraint_name:name match_option:varchar update_rule:varchar "
     "delete_rule:varchar"},
    {13382, 'v', "schemata",
     "catalog_name:name schema_name:name schema_owner:name default_character_set_catalog:name "
     "default_character_set_schema:name default_character_set_name:name sql_path:varchar"},
    {13386, 'v', "sequences",
     "sequence_catalog:name sequence_schema:name sequence_name:name data_type:varchar numeric_precision:int4 "
     "numeric_precision_radix:int4 numeric_scale:int4 start_value:varchar minimum_value:varchar "
     "maximum_value:varchar increment:varchar cycle_option:varchar"},
    {13411, 'v', "table_constraints",
     "constraint_catalog:name constraint_schema:name constraint_name:name table_catalog:name table_schema:name "
     "table_name:name constraint_type:varchar is_deferrable:varchar initially_deferred:varchar enforced:varchar "
     "nulls_distinct:varchar"},
    {13425, 'v', "tables",
     "table_catalog:name table_schema:name table_name:name table_type:varchar self_referencing_column_name:name "
     "reference_generation:varchar user_defined_type_catalog:name user_defined_type_schema:name "
     "user_defined_type_name:name is_insertable_into:varchar is_typed:varchar commit_action:varchar"},
    {13430, 'v', "transforms",
     "udt_catalog:name udt_schema:name udt_name:name specific_catalog:name specific_schema:name "
     "specific_name:name group_name:name transform_type:varchar"},
    {13435, 'v', "triggered_update_columns",
     "trigger_catalog:name trigger_schema:name trigger_name:name event_object_catalog:name "
     "event_object_schema:name event_object_table:name event_object_column:name"},
    {13440, 'v', "triggers",
     "trigger_catalog:name trigger_schema:name trigger_name:name event_manipulation:varchar "
     "event_object_catalog:name event_object_schema:name event_object_table:name action_order:int4 "
     "action_condition:varchar action_statement:varchar action_orientation:varchar action_timing:varchar "
     "action_reference_old_table:name action_reference_new_table:name action_reference_old_row:name "
     "action_reference_new_row:name created:timestamptz"},
    {13463, 'v', "user_defined_types",
     "user_defined_type_catalog:name user_defined_type_schema:name user_defined_type_name:name "
     "user_defined_type_category:varchar is_instantiable:varchar is_final:varchar ordering_form:varchar "
     "ordering_category:varchar ordering_routine_catalog:name ordering_routine_schema:name "
     "ordering_routine_name:name reference_type:varchar data_type:varchar character_maximum_length:int4 "
     "character_octet_length:int4 character_set_catalog:name character_set_schema:name character_set_name:name "
     "collation_catalog:name collation_schema:name collation_name:name numeric_precision:int4 "
     "numeric_precision_radix:int4 numeric_scale:int4 datetime_precision:int4 interval_type:varchar "
     "interval_precision:int4 source_dtd_identifier:name ref_dtd_identifier:name"},
    {13550, 'v', "user_mapping_options",
     "authorization_identifier:name foreign_server_catalog:name foreign_server_name:name option_name:name "
     "option_value:varchar"},
    {13555, 'v', "user_mappings",
     "authorization_identifier:name foreign_server_catalog:name foreign_server_name:name"},
    {13468, 'v', "view_column_usage",
     "view_catalog:name view_schema:name view_name:name table_catalog:name table_schema:name table_name:name "
     "column_name:name"},
    {13473, 'v', "view_routine_usage",
     "table_catalog:name table_schema:name table_name:name specific_catalog:name specific_schema:name "
     "specific_name:name"},
    {13478, 'v', "view_table_usage",
     "view_catalog:name view_schema:name view_name:name table_catalog:name table_schema:name table_name:name"},
    {13483, 'v', "views",
     "table_catalog:name table_schema:name table_name:name view_definition:varchar check_option:varchar "
     "is_updatable:varchar is_insertable_into:varchar is_trigger_updatable:varchar is_trigger_deletable:varchar "
     "is_trigger_insertable_into:varchar"},
};

}  // namespace

std::span<const relation_definition> information_views() { return definitions; }

}  // namespace helios::sql
