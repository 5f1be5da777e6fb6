# What every customer must hold, from the receipts alone: a sale earns the whole pounds of its amount, a return takes back the whole pounds of its absolute
# amount, a row without a customer counts for nobody. Prints "customer,balance". With -v brand=NAME only the rows of that brand count.
BEGIN { FS = "," }
{ sub(/\r$/, "") }
NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
brand != "" && $column["brand"] != brand { next }
$column["customer_id"] == "" { next }
{
	pounds = $column["amount"]
	sub(/^-/, "", pounds)
	sub(/\..*$/, "", pounds)
	balance[$column["customer_id"]] += ($column["is_return"] == "1" ? -pounds : pounds)
}
END { for (customer in balance) printf "%s,%d\n", customer, balance[customer] }
