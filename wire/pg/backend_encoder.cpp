#include "wire/pg/backend_encoder.hpp"

#include "base/bytes.hpp"
#include "base/invariant.hpp"
#include "wire/pg/frontend.hpp"

namespace helios::wire::pg {

void backend_encoder::begin(char type) {
  out_.push_back(type);
  message_ = out_.size();
  out_.append(sizeof(std::uint32_t), '\0');
}

void backend_encoder::end() {
  const std::size_t size = out_.size() - message_;
  if (size > message_bytes_limit) [[unlikely]] {
    out_.resize(message_ - 1);
    throw sql_error(sqlstate::program_limit_exceeded, "a message of " + std::to_string(size) + " bytes cannot be sent")
        .hint("The protocol allows 1 GB for one row.");
  }
  store_be(out_.data() + message_, static_cast<std::uint32_t>(size));
}

void backend_encoder::empty(char type) {
  begin(type);
  end();
}

void backend_encoder::string(std::string_view text) {
  // A NUL would end the string early and shift what follows.
  out_.append(text.substr(0, text.find('\0')));
  out_.push_back('\0');
}

void backend_encoder::authentication_ok() {
  begin('R');
  put_be<std::uint32_t>(out_, 0);
  end();
}

void backend_encoder::authentication_sasl(std::span<const std::string_view> mechanisms) {
  begin('R');
  put_be<std::uint32_t>(out_, 10);
  for (auto m : mechanisms) string(m);
  out_.push_back('\0');
  end();
}

void backend_encoder::authentication_sasl_continue(std::string_view data) {
  begin('R');
  put_be<std::uint32_t>(out_, 11);
  out_.append(data);
  end();
}

void backend_encoder::authentication_sasl_final(std::string_view data) {
  begin('R');
  put_be<std::uint32_t>(out_, 12);
  out_.append(data);
  end();
}

void backend_encoder::negotiate_protocol_version(std::uint32_t newest_minor, std::span<const std::string> unknown_options) {
  begin('v');
  put_be(out_, newest_minor);
  put_be(out_, static_cast<std::uint32_t>(unknown_options.size()));
  for (const auto& o : unknown_options) string(o);
  end();
}

void backend_encoder::parameter_status(std::string_view name, std::string_view value) {
  begin('S');
  string(name);
  string(value);
  end();
}

void backend_encoder::backend_key_data(std::uint32_t process_id, std::uint32_t secret) {
  begin('K');
  put_be(out_, process_id);
  put_be(out_, secret);
  end();
}

void backend_encoder::ready_for_query(char status) {
  begin('Z');
  out_.push_back(status);
  end();
}

void backend_encoder::row_description(std::span<const row_field> fields) {
  begin('T');
  put_be(out_, static_cast<std::uint16_t>(fields.size()));
  for (const auto& f : fields) {
    string(f.name);
    put_be(out_, f.table);
    put_be(out_, f.column);
    put_be(out_, f.type);
    put_be(out_, f.type_size);
    put_be(out_, f.type_modifier);
    put_be(out_, f.format);
  }
  end();
}

void backend_encoder::parameter_description(std::span<const std::uint32_t> types) {
  begin('t');
  put_be(out_, static_cast<std::uint16_t>(types.size()));
  for (auto t : types) put_be(out_, t);
  end();
}

void backend_encoder::begin_row(std::size_t fields) {
  begin('D');
  put_be(out_, static_cast<std::uint16_t>(fields));
}

void backend_encoder::field(std::string_view bytes) {
  put_be(out_, static_cast<std::uint32_t>(bytes.size()));
  out_.append(bytes);
}

void backend_encoder::null() { put_be<std::int32_t>(out_, -1); }

std::string& backend_encoder::begin_field() {
  field_ = out_.size();
  out_.append(sizeof(std::uint32_t), '\0');
  return out_;
}

void backend_encoder::end_field() {
  HELIOS_INVARIANT(out_.size() >= field_ + sizeof(std::uint32_t), "a field's value is only appended");
  store_be(out_.data() + field_, static_cast<std::uint32_t>(out_.size() - field_ - sizeof(std::uint32_t)));
}

void backend_encoder::end_row() { end(); }

void backend_encoder::command_complete(std::string_view tag) {
  begin('C');
  string(tag);
  end();
}

void backend_encoder::empty_query_response() { empty('I'); }
void backend_encoder::portal_suspended() { empty('s'); }
void backend_encoder::no_data() { empty('n'); }
void backend_encoder::parse_complete() { empty('1'); }
void backend_encoder::bind_complete() { empty('2'); }
void backend_encoder::close_complete() { empty('3'); }
void backend_encoder::copy_done() { empty('c'); }

void backend_encoder::report(char type, const error_report& r) {
  begin(type);
  const auto put = [this](char code, std::string_view value) {
    if (value.empty()) return;
    out_.push_back(code);
    string(value);
  };
  put('S', r.severity);
  put('V', r.severity);
  put('C', r.sqlstate);
  put('M', r.message.empty() ? std::string_view("missing error text") : std::string_view(r.message));
  put('D', r.detail);
  put('H', r.hint);
  if (r.position > 0) put('P', std::to_string(r.position));
  put('W', r.where);
  put('s', r.schema);
  put('t', r.table);
  put('c', r.column);
  put('d', r.data_type);
  put('n', r.constraint);
  out_.push_back('\0');
  end();
}

void backend_encoder::error_response(const error_report& r) { report('E', r); }
void backend_encoder::notice_response(const error_report& r) { report('N', r); }

void backend_encoder::notification_response(std::uint32_t process_id, std::string_view channel, std::string_view payload) {
  begin('A');
  put_be(out_, process_id);
  string(channel);
  string(payload);
  end();
}

void backend_encoder::copy_response(char type, int format, int columns) {
  begin(type);
  out_.push_back(static_cast<char>(format));
  put_be(out_, static_cast<std::int16_t>(columns));
  for (int i = 0; i < columns; ++i) put_be(out_, static_cast<std::int16_t>(format));
  end();
}

void backend_encoder::copy_in_response(int format, int columns) { copy_response('G', format, columns); }
void backend_encoder::copy_out_response(int format, int columns) { copy_response('H', format, columns); }
void backend_encoder::copy_both_response(int format, int columns) { copy_response('W', format, columns); }

void backend_encoder::copy_data(std::string_view bytes) {
  begin('d');
  out_.append(bytes);
  end();
}

error_report report_of(const error& protocol_error) {
  error_report out;
  out.severity = "FATAL";
  out.sqlstate = protocol_error.code == errc::refused ? sqlstate::feature_not_supported : sqlstate::protocol_violation;
  out.message = protocol_error.detail;
  return out;
}

}  // namespace helios::wire::pg
