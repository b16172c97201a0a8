#include "sql/types/domain_type.hpp"

#include "sql/types/support.hpp"

namespace helios::sql {

namespace {

class domain_type final : public defined_type {
 public:
  domain_type(oid id, const type_ops& stored, std::int32_t modifier) : id_(id), stored_(stored), modifier_(modifier) {}

  datum parse_text(std::string_view text, std::int32_t, const format_settings& settings, arena& mem) const override {
    return checked(stored_.parse_text(text, modifier_, settings, mem));
  }
  void write_text(datum v, const format_settings& settings, std::string& out) const override { stored_.write_text(v, settings, out); }
  datum parse_binary(std::string_view bytes, std::int32_t, arena& mem) const override {
    return checked(stored_.parse_binary(bytes, modifier_, mem));
  }
  void write_binary(datum v, std::string& out) const override { stored_.write_binary(v, out); }
  std::strong_ordering compare(datum a, datum b) const override { return stored_.compare(a, b); }
  std::uint64_t hash(datum v) const override { return stored_.hash(v); }
  void write_key(datum v, std::string& out) const override { stored_.write_key(v, out); }

 private:
  datum checked(datum v) const {
    current_types()->check_domain(get_type(id_), v);
    return v;
  }

  oid id_;
  const type_ops& stored_;
  std::int32_t modifier_;
};

}  // namespace

std::unique_ptr<defined_type> make_domain_type(oid id, const type_ops& stored, std::int32_t modifier) {
  return std::make_unique<domain_type>(id, stored, modifier);
}

}  // namespace helios::sql
