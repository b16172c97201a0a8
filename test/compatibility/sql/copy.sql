create table t (a int, b text, c numeric);
copy t from stdin;
1	one	1.5
2	\N	\N
3	tab\there	3
4	back\\slash	\N
\.
select * from t order by a;
copy t to stdout;
copy t (a, c) to stdout with (format csv, header);
copy t from stdin with (format csv);
5,"quo""ted",2
6,,
7,"",7
8,"multi
line",8
\.
select a, b, b is null, c from t where a >= 5 order by a;
copy (select a, b from t where a > 4 order by a) to stdout with csv;
copy t from stdin (format csv, header true, delimiter ';', null 'NULL');
a;b;c
9;NULL;1
10;x;NULL
\.
select * from t where a > 8 order by a;
copy t from stdin;
x	y	1
\.
copy t from stdin;
1	2
\.
copy t from stdin;
1	2	3	4
\.
copy nope from stdin;
\.
copy t (nope) from stdin;
\.
copy t (a) to stdout with (format csv, force_quote *);
copy t to stdout with delimiter '|' null 'nil';
create table k (a int primary key, b int not null);
copy k from stdin;
1	1
1	2
\.
copy k from stdin;
1	\N
\.
select count(*) from k;
copy k (b) from stdin;
5
\.
copy k from stdin with (format csv);
1,"2
\.
copy (select 1) to stdout;
