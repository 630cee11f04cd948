package peer

// The secret keys of the rows with CURVE, in Z85. libzmq's peer has the same.
const (
	CurveServerKey = "5KKCi-$amCEGL8fVQ}lUxffycO0o$n4$7HvM7:@>"
	CurveClientKey = "YL<OU9lW=t<#)svTNlc/{6=bJLryHN.5TxwH{8io"
)
