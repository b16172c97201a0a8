#include "base/sql_error.hpp"
#include "sql/parse/transform.hpp"

namespace helios::sql::parsing {

namespace {
ast::frame_bound start_of(int options) {
  if ((options & FRAMEOPTION_START_UNBOUNDED_PRECEDING) != 0) return ast::frame_bound::unbounded_preceding;
  if ((options & FRAMEOPTION_START_OFFSET_PRECEDING) != 0) return ast::frame_bound::offset_preceding;
  if ((options & FRAMEOPTION_START_OFFSET_FOLLOWING) != 0) return ast::frame_bound::offset_following;
  return ast::frame_bound::current_row;
}
ast::frame_bound end_of(int options) {
  if ((options & FRAMEOPTION_END_UNBOUNDED_FOLLOWING) != 0) return ast::frame_bound::unbounded_following;
  if ((options & FRAMEOPTION_END_OFFSET_PRECEDING) != 0) return ast::frame_bound::offset_preceding;
  if ((options & FRAMEOPTION_END_OFFSET_FOLLOWING) != 0) return ast::frame_bound::offset_following;
  return ast::frame_bound::current_row;
}
}  // namespace

std::shared_ptr<const ast::window_def> transformer::window(const WindowDef* node) {
  auto out = std::make_shared<ast::window_def>();
  out->name = text_of(node->name);
  out->base = text_of(node->refname);
  out->partition = expressions(node->partitionClause);
  out->order = sort_items(node->orderClause);
  out->position = position(node->location);
  int options = node->frameOptions;
  out->default_frame = (options & FRAMEOPTION_NONDEFAULT) == 0;
  out->between = (options & FRAMEOPTION_BETWEEN) != 0;
  out->mode = (options & FRAMEOPTION_ROWS) != 0     ? ast::frame_mode::rows
              : (options & FRAMEOPTION_GROUPS) != 0 ? ast::frame_mode::groups
                                                    : ast::frame_mode::range;
  out->start = start_of(options);
  out->end = end_of(options);
  out->exclusion = (options & FRAMEOPTION_EXCLUDE_CURRENT_ROW) != 0 ? ast::frame_exclusion::current_row
                   : (options & FRAMEOPTION_EXCLUDE_GROUP) != 0     ? ast::frame_exclusion::group
                   : (options & FRAMEOPTION_EXCLUDE_TIES) != 0      ? ast::frame_exclusion::ties
                                                                    : ast::frame_exclusion::none;
  out->start_offset = expression(node->startOffset);
  out->end_offset = expression(node->endOffset);
  return out;
}

ast::grouping_item transformer::grouping_item(const Node* node) {
  nesting guard(*this);
  using kind = ast::grouping_item::kind;
  ast::grouping_item out;
  if (nodeTag(node) == T_GroupingSet) {
    auto* set = reinterpret_cast<const GroupingSet*>(node);
    out.position = position(set->location);
    out.what = set->kind == GROUPING_SET_ROLLUP ? kind::rollup
               : set->kind == GROUPING_SET_CUBE ? kind::cube
               : set->kind == GROUPING_SET_SETS ? kind::sets
                                                : kind::list;
    each<Node>(set->content, [this, &out](const Node* n) { out.items.push_back(grouping_item(n)); });
    return out;
  }
  if (nodeTag(node) == T_RowExpr && reinterpret_cast<const RowExpr*>(node)->row_format == COERCE_IMPLICIT_CAST) {
    auto* row = reinterpret_cast<const RowExpr*>(node);
    out.what = kind::list;
    out.position = position(row->location);
    each<Node>(row->args, [this, &out](const Node* n) { out.items.push_back(grouping_item(n)); });
    return out;
  }
  out.value = expression(node);
  out.position = out.value->position;
  return out;
}

}  // namespace helios::sql::parsing
