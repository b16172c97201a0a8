#include "sql/types/json_tree.hpp"

#include "sql/types/json_syntax.hpp"

namespace helios::sql {
namespace {

class tree_builder final : public json_events {
 public:
  explicit tree_builder(arena& mem) : mem_(mem) {}
  json_node take() { return std::move(root_); }

  void on_scalar(scalar what, std::string_view text, std::string_view source) override {
    json_node& n = place();
    n.source = source;
    switch (what) {
      case scalar::null: break;
      case scalar::true_: n.truth = true; [[fallthrough]];
      case scalar::false_: n.what = json_node::kind::boolean; break;
      case scalar::number: n.what = json_node::kind::number, n.text = text; break;
      case scalar::string: n.what = json_node::kind::string, n.text = keep(text, source); break;
    }
  }
  void on_begin(bool object, const char* at) override {
    json_node& n = place();
    n.what = object ? json_node::kind::object : json_node::kind::array;
    n.source = {at, 0};
    open_.push_back(&n);
  }
  void on_key(std::string_view key) override { open_.back()->keys.push_back(mem_.copy(key)); }
  void on_end(const char* end) override {
    json_node& n = *open_.back();
    n.source = {n.source.data(), static_cast<std::size_t>(end - n.source.data())};
    open_.pop_back();
  }

 private:
  /// Only the innermost open node's list grows, so that pointers to open nodes stay good.
  json_node& place() { return open_.empty() ? root_ : open_.back()->items.emplace_back(); }
  std::string_view keep(std::string_view text, std::string_view source) {
    return text.size() + 2 == source.size() ? source.substr(1, text.size()) : mem_.copy(text);
  }

  arena& mem_;
  json_node root_;
  std::vector<json_node*> open_;
};

}  // namespace

const json_node* json_node::find(std::string_view key) const {
  if (what != kind::object) return nullptr;
  for (std::size_t i = keys.size(); i-- > 0;)
    if (keys[i] == key) return &items[i];
  return nullptr;
}

json_node parse_json_tree(std::string_view text, arena& mem) {
  tree_builder builder(mem);
  read_json(text, builder, json_tree_depth_max);
  return builder.take();
}

}  // namespace helios::sql
