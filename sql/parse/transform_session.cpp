#include "base/sql_error.hpp"
#include "sql/parse/transform.hpp"

namespace helios::sql::parsing {

bool transformer::session_statement(const Node* node, ast::statement& out) {
  switch (nodeTag(node)) {
    case T_VariableSetStmt: out.node = set(reinterpret_cast<const VariableSetStmt*>(node)); return true;
    case T_VariableShowStmt:
      out.node = ast::show_statement{text_of(reinterpret_cast<const VariableShowStmt*>(node)->name)};
      return true;
    case T_TransactionStmt: out.node = transaction(reinterpret_cast<const TransactionStmt*>(node)); return true;
    case T_VacuumStmt: {
      auto* v = reinterpret_cast<const VacuumStmt*>(node);
      ast::vacuum_statement vacuum;
      vacuum.vacuum = v->is_vacuumcmd;
      each<VacuumRelation>(v->rels, [this, &vacuum](const VacuumRelation* r) { vacuum.tables.push_back(relation(r->relation)); });
      out.node = std::move(vacuum);
      return true;
    }
    case T_CheckPointStmt: out.node = ast::checkpoint_statement{}; return true;
    case T_PrepareStmt: {
      auto* p = reinterpret_cast<const PrepareStmt*>(node);
      ast::prepare_statement prepare;
      prepare.name = text_of(p->name);
      each<TypeName>(p->argtypes, [this, &prepare](const TypeName* t) { prepare.types.push_back(type(t)); });
      prepare.query = nested(p->query);
      out.node = std::move(prepare);
      return true;
    }
    case T_ExecuteStmt: {
      auto* e = reinterpret_cast<const ExecuteStmt*>(node);
      out.node = ast::execute_statement{text_of(e->name), expressions(e->params)};
      return true;
    }
    case T_DeallocateStmt:
      out.node = ast::deallocate_statement{text_of(reinterpret_cast<const DeallocateStmt*>(node)->name)};
      return true;
    case T_DeclareCursorStmt: {
      auto* d = reinterpret_cast<const DeclareCursorStmt*>(node);
      ast::declare_cursor_statement cursor;
      cursor.name = text_of(d->portalname);
      cursor.query = nested(d->query);
      cursor.hold = (d->options & CURSOR_OPT_HOLD) != 0;
      cursor.scroll = (d->options & CURSOR_OPT_SCROLL) != 0;
      cursor.no_scroll = (d->options & CURSOR_OPT_NO_SCROLL) != 0;
      cursor.binary = (d->options & CURSOR_OPT_BINARY) != 0;
      out.node = std::move(cursor);
      return true;
    }
    case T_FetchStmt: out.node = fetch(reinterpret_cast<const FetchStmt*>(node)); return true;
    case T_ClosePortalStmt:
      out.node = ast::close_statement{text_of(reinterpret_cast<const ClosePortalStmt*>(node)->portalname)};
      return true;
    case T_DiscardStmt: {
      using kind = ast::discard_statement::kind;
      auto target = reinterpret_cast<const DiscardStmt*>(node)->target;
      out.node = ast::discard_statement{target == DISCARD_ALL         ? kind::all
                                        : target == DISCARD_PLANS     ? kind::plans
                                        : target == DISCARD_SEQUENCES ? kind::sequences
                                                                      : kind::temporary};
      return true;
    }
    case T_LockStmt: {
      auto* l = reinterpret_cast<const LockStmt*>(node);
      ast::lock_statement lock;
      each<RangeVar>(l->relations, [this, &lock](const RangeVar* r) { lock.tables.push_back(relation(r)); });
      lock.mode = l->mode;
      lock.nowait = l->nowait;
      out.node = std::move(lock);
      return true;
    }
    default: return false;
  }
}

ast::channel_statement transformer::channel(const Node* node) {
  using kind = ast::channel_statement::kind;
  if (nodeTag(node) == T_ListenStmt) return {kind::listen, text_of(reinterpret_cast<const ListenStmt*>(node)->conditionname), {}};
  if (nodeTag(node) == T_UnlistenStmt) {
    const auto* name = reinterpret_cast<const UnlistenStmt*>(node)->conditionname;
    return {name == nullptr ? kind::unlisten_all : kind::unlisten, text_of(name), {}};
  }
  const auto* n = reinterpret_cast<const NotifyStmt*>(node);
  return {kind::notify, text_of(n->conditionname), text_of(n->payload)};
}

ast::set_statement transformer::set(const VariableSetStmt* node) {
  using kind = ast::set_statement::kind;
  ast::set_statement out;
  out.name = text_of(node->name);
  out.local = node->is_local;
  switch (node->kind) {
    case VAR_SET_VALUE: out.values = expressions(node->args); break;
    case VAR_SET_DEFAULT: out.what = kind::default_; break;
    case VAR_SET_CURRENT: out.what = kind::current; break;
    case VAR_RESET: out.what = kind::reset; break;
    case VAR_RESET_ALL: out.what = kind::reset_all; break;
    case VAR_SET_MULTI:
      if (out.name == "TRANSACTION SNAPSHOT") not_supported("SET TRANSACTION SNAPSHOT");
      out.what = out.name == "TRANSACTION" ? kind::transaction : kind::session_characteristics;
      out.modes = option_list(node->args);
      break;
  }
  return out;
}

ast::transaction_statement transformer::transaction(const TransactionStmt* node) {
  using kind = ast::transaction_statement::kind;
  ast::transaction_statement out;
  switch (node->kind) {
    case TRANS_STMT_BEGIN: out.what = kind::begin; break;
    case TRANS_STMT_START: out.what = kind::start; break;
    case TRANS_STMT_COMMIT: out.what = kind::commit; break;
    case TRANS_STMT_ROLLBACK: out.what = kind::rollback; break;
    case TRANS_STMT_SAVEPOINT: out.what = kind::savepoint; break;
    case TRANS_STMT_RELEASE: out.what = kind::release; break;
    case TRANS_STMT_ROLLBACK_TO: out.what = kind::rollback_to; break;
    case TRANS_STMT_PREPARE: out.what = kind::prepare; break;
    case TRANS_STMT_COMMIT_PREPARED: out.what = kind::commit_prepared; break;
    case TRANS_STMT_ROLLBACK_PREPARED: out.what = kind::rollback_prepared; break;
  }
  out.savepoint = text_of(node->savepoint_name);
  out.modes = option_list(node->options);
  out.chain = node->chain;
  return out;
}

ast::fetch_statement transformer::fetch(const FetchStmt* node) {
  using direction = ast::fetch_statement::direction;
  ast::fetch_statement out;
  out.where = node->direction == FETCH_FORWARD    ? direction::forward
              : node->direction == FETCH_BACKWARD ? direction::backward
              : node->direction == FETCH_ABSOLUTE ? direction::absolute
                                                  : direction::relative;
  out.all = node->howMany == FETCH_ALL;
  out.count = node->howMany;
  out.cursor = text_of(node->portalname);
  out.move = node->ismove;
  return out;
}

}  // namespace helios::sql::parsing
