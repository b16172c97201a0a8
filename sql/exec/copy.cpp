#include "sql/exec/copy.hpp"

#include <algorithm>

#include "base/sql_error.hpp"
#include "sql/bind/bind_modify.hpp"
#include "sql/exec/copy_format.hpp"
#include "sql/plan/finish.hpp"

namespace helios::sql {

namespace {
/// COPY's errors tell no position of the table.
ast::relation_name unplaced(ast::relation_name name) {
  name.position = 0;
  return name;
}
}  // namespace

namespace {

/// Rows of COPY FROM as the source of an INSERT. Runs once.
class copy_source_node final : public plan_node {
 public:
  copy_source_node(copy_reader& reader, const copy_options& options, const table_def& table, std::vector<const column_def*> columns,
                   std::vector<int> slots, const format_settings& formats)
      : reader_(reader), options_(options), table_(table), columns_(std::move(columns)), targets_(std::move(slots)), formats_(formats) {}
  operation_ptr make() const override;
  std::string title() const override { return "Copy"; }
  void settle(const std::vector<bool>&) override { slots_ = targets_; }

  copy_reader& reader_;
  const copy_options& options_;
  const table_def& table_;
  std::vector<const column_def*> columns_;
  std::vector<int> targets_;
  const format_settings& formats_;
};

class copy_source_operation final : public operation {
 public:
  explicit copy_source_operation(const copy_source_node& node) : node_(node) {}
  void open(evaluation&) override {}
  bool next(evaluation& in) override {
    memory_.reset();
    if (!node_.reader_.next(fields_)) return false;
    in.tick();
    if (fields_.size() < node_.columns_.size()) {
      throw at_line(sql_error(sqlstate::bad_copy_file_format, "missing data for column \"" + node_.columns_[fields_.size()]->name + "\""));
    }
    if (fields_.size() > node_.columns_.size()) {
      throw at_line(sql_error(sqlstate::bad_copy_file_format, "extra data after last expected column"));
    }
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      auto& slot = in.slots[static_cast<std::size_t>(node_.targets_[i])];
      slot = fields_[i] ? value(i, *fields_[i]) : null_value(i);
    }
    return true;
  }

 private:
  datum value(std::size_t i, std::string_view field) {
    auto type = node_.columns_[i]->type;
    auto& ops = get_type(type.id);
    try {
      if (node_.options_.format == copy_options::format_kind::binary) return ops.parse_binary(field, type.modifier, memory_);
      return ops.parse_text(field, type.modifier, node_.formats_, memory_);
    } catch (sql_error& e) {
      e.report().where = place() + ", column " + node_.columns_[i]->name + ": \"" + std::string(field.substr(0, 100)) + "\"";
      throw;
    }
  }
  /// Domains may refuse it.
  datum null_value(std::size_t i) {
    auto& ops = get_type(node_.columns_[i]->type.id);
    try {
      if (ops.kind == 'd') current_types()->check_domain(ops, datum::null());
    } catch (sql_error& e) {
      e.report().where = place() + ", column " + node_.columns_[i]->name + ": null input";
      throw;
    }
    return datum::null();
  }
  std::string place() const { return "COPY " + node_.table_.name + ", line " + std::to_string(node_.reader_.line()); }
  sql_error at_line(sql_error e) const {
    e.report().where = place();
    return e;
  }

  const copy_source_node& node_;
  std::vector<copy_field> fields_;
  arena memory_;
};
operation_ptr copy_source_node::make() const { return std::make_unique<copy_source_operation>(*this); }

std::vector<const column_def*> columns_of(const table_def& table, const std::vector<std::string>& names) {
  std::vector<const column_def*> out;
  if (names.empty()) {
    for (auto& c : table.columns) {
      if (!c.dropped && !c.generated) out.push_back(&c);
    }
    return out;
  }
  for (auto& n : names) {
    auto* column = table.column(n);
    if (column == nullptr) {
      throw sql_error(sqlstate::undefined_column, "column \"" + n + "\" of relation \"" + table.name + "\" does not exist");
    }
    if (std::find(out.begin(), out.end(), column) != out.end()) {
      throw sql_error(sqlstate::duplicate_column, "column \"" + n + "\" specified more than once");
    }
    if (column->generated) {
      throw sql_error(sqlstate::invalid_column_reference, "column \"" + n + "\" is a generated column")
          .detail("Generated columns cannot be used in COPY.");
    }
    out.push_back(column);
  }
  return out;
}

std::string copy_from(session_core& owner, const ast::copy_statement& s, const session_core::call& c) {
  owner.require_writable("COPY FROM");
  if (s.where) throw sql_error(sqlstate::feature_not_supported, "COPY FROM with WHERE is not supported");
  auto options = read_copy_options(s.settings, true);
  auto& work = owner.work();
  work.begin_statement();
  catalog_ptr definitions;
  const table_def* table = nullptr;
  for (;;) {  // the definition that counts is the one behind the lock
    definitions = owner.definitions();
    analysis look(owner.environment());
    table = &binder(look).find_table(unplaced(s.table));
    auto id = table->id;
    work.lock_relation(id, storage::lock_mode::row_exclusive, table->name);
    work.begin_statement();
    if (owner.definitions() == definitions) break;
  }
  if (table->is_view()) throw sql_error("42809", "cannot copy to view \"" + table->name + "\"").hint("To enable copying to a view, provide an INSTEAD OF INSERT trigger.");
  if (table->kind == 'm') throw sql_error("42809", "cannot change materialized view \"" + table->name + "\"");
  auto columns = columns_of(*table, s.columns);
  access_need need{table->id, 0, right::insert, {}, {}, {}};
  for (auto* column : columns) need.inserted.insert(column->number);
  (void)owner.check_access({need});
  copy_reader reader(options, c.copy);
  analysis in(owner.environment());
  std::vector<int> slots;
  std::vector<std::int16_t> numbers;
  std::vector<expression_ptr> values;
  for (auto* column : columns) {
    int slot = in.add_slots(1);
    in.use(slot);
    slots.push_back(slot);
    numbers.push_back(column->number);
    values.push_back(std::make_shared<slot_expression>(column->type, slot, column->name));
  }
  auto source = std::make_shared<copy_source_node>(reader, options, *table, columns, slots, owner.formats());
  bound_query insert;
  insert.root = modify_binder(in).insert_rows(*table, numbers, std::move(source), values);
  auto p = finish_plan(in, plan::kind::insert, std::move(insert));
  c.copy.begin_in(options.format == copy_options::format_kind::binary ? 1 : 0, static_cast<int>(columns.size()));
  auto count = owner.run_plan(p, {}, nullptr, nullptr);
  return "COPY " + std::to_string(count);
}

/// COPY t (a, b) TO is COPY (SELECT a, b FROM t) TO.
ast::statement_ptr as_query(session_core& owner, const ast::copy_statement& s) {
  owner.work().begin_statement();
  analysis look(owner.environment());
  auto& table = binder(look).find_table(unplaced(s.table));
  if (table.kind != 'r') {
    throw sql_error("42809", std::string("cannot copy from ") + (table.is_view() ? "view" : "materialized view") + " \"" + table.name + "\"")
        .hint("Try the COPY (SELECT ...) TO variant.");
  }
  auto select = std::make_shared<ast::select>();
  for (auto* column : columns_of(table, s.columns)) {
    ast::target t;
    t.value = std::make_unique<ast::expr>(ast::expr_kind::column);
    t.value->names = {column->name};
    select->targets.push_back(std::move(t));
  }
  auto from = std::make_unique<ast::from_item>();
  from->table = s.table;
  select->from.push_back(std::move(from));
  auto out = std::make_shared<ast::statement>();
  out->node = ast::select_statement{std::move(select)};
  return out;
}

std::string copy_to(session_core& owner, const ast::copy_statement& s, const session_core::call& c) {
  auto options = read_copy_options(s.settings, false);
  auto tree = s.query ? s.query : as_query(owner, s);
  if (std::holds_alternative<ast::merge_statement>(tree->node)) throw sql_error(sqlstate::feature_not_supported, "MERGE not supported in COPY");
  if (!session_core::is_planned(*tree)) throw sql_error(sqlstate::feature_not_supported, "COPY query must have a RETURNING clause");
  bool writes = !std::holds_alternative<ast::select_statement>(tree->node);
  auto p = owner.begin_plan(*tree, nullptr, {}, writes ? "COPY" : nullptr);
  if (!p->returns_rows()) throw sql_error(sqlstate::feature_not_supported, "COPY query must have a RETURNING clause");
  bool binary = options.format == copy_options::format_kind::binary;
  c.copy.begin_out(binary ? 1 : 0, static_cast<int>(p->columns.size()));
  copy_writer writer(options, c.copy);
  std::vector<std::string> names;
  std::vector<const type_ops*> types;
  std::vector<bool> force;
  for (auto& column : p->columns) {
    names.push_back(column.name);
    types.push_back(&get_type(column.type.id));
    force.push_back(options.force_quote_all || std::find(options.force_quote.begin(), options.force_quote.end(), column.name) != options.force_quote.end());
  }
  writer.begin(names);
  running_query q(owner, p, {}, nullptr);
  std::vector<datum> row;
  std::string text;
  while (q.next(row)) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text.clear();
      if (!row[i].is_null()) {
        if (binary) types[i]->write_binary(row[i], text);
        else types[i]->write_text(row[i], owner.formats(), text);
      }
      writer.field(text, row[i].is_null(), force[i]);
    }
    writer.end_row(row.size());
  }
  writer.end();
  c.copy.end_out();
  return "COPY " + std::to_string(q.count());
}

}  // namespace

std::string run_copy(session_core& owner, const ast::copy_statement& s, const session_core::call& c) {
  if (s.file_or_program) {
    throw sql_error(sqlstate::insufficient_privilege, "COPY to or from a file or program on the server is not allowed")
        .hint("Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.");
  }
  return s.from ? copy_from(owner, s, c) : copy_to(owner, s, c);
}

}  // namespace helios::sql
